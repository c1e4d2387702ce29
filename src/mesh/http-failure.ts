import { errors } from 'undici';
import { MeshBackupError } from '../errors.ts';

/** What the HTTP client could not do, by our names. What is a mistake of ours comes back as it is. */
export function nameFailure(error: unknown, isOfConnecting: boolean): unknown {
  if (error instanceof errors.InvalidArgumentError) return error;
  const cause = firstOf(error);
  const message = cause instanceof Error ? cause.message : String(cause);
  if (isOfConnecting) return failure('PEER_UNREACHABLE', message || 'no connection', error);
  return isMalformed(error)
    ? failure('PEER_MALFORMED', `no HTTP: ${message}`, error)
    : failure('PEER_CUT', message || 'the connection ended', error);
}

/** Whether the peer said something that is no HTTP. For the parser a cut message is none, and has no code of its own. */
function isMalformed(error: unknown): boolean {
  if (error instanceof errors.HeadersOverflowError) return true;
  return error instanceof errors.HTTPParserError && !error.message.includes('EOF');
}

/** A name with several addresses fails once for each of them. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
}

function failure(
  code: 'PEER_UNREACHABLE' | 'PEER_MALFORMED' | 'PEER_CUT',
  message: string,
  cause: unknown,
): MeshBackupError {
  return new MeshBackupError(code, message, { retryable: code !== 'PEER_MALFORMED', cause });
}
