import { errors } from 'undici';
import { MeshBackupError } from '../errors.ts';
import { proxyUnreachable } from './proxy-failure.ts';
import { nameTlsFailure } from './tls-failure.ts';

/** What the HTTP client could not do once it was connected, by our names. What is a mistake of ours comes back as it is. */
export function nameFailure(error: unknown): unknown {
  if (error instanceof errors.InvalidArgumentError) return error;
  const message = messageOf(error);
  return isMalformed(error)
    ? new MeshBackupError('PEER_MALFORMED', `no HTTP: ${message}`, { cause: error })
    : new MeshBackupError('PEER_CUT', message || 'the connection ended', { retryable: true, cause: error });
}

/** Why there is no connection, by our names; `forwarder` is the origin of the proxy that was dialled, if one was. */
export function nameConnectFailure(error: unknown, forwarder: string | undefined): unknown {
  if (error instanceof MeshBackupError || error instanceof errors.InvalidArgumentError) return error;
  const message = messageOf(error) || 'no connection';
  if (forwarder !== undefined) return proxyUnreachable(forwarder, message, error);
  return (
    nameTlsFailure(error, 'the server') ??
    new MeshBackupError('PEER_UNREACHABLE', message, { retryable: true, cause: error })
  );
}

/** Whether the peer said something that is no HTTP. For the parser a cut message is none, and has no code of its own. */
function isMalformed(error: unknown): boolean {
  if (error instanceof errors.HeadersOverflowError) return true;
  return error instanceof errors.HTTPParserError && !error.message.includes('EOF');
}

/** A name with several addresses fails once for each of them. */
function messageOf(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  return first instanceof Error ? first.message : String(first);
}
