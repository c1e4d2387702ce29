import { ERROR_CODES, MeshBackupError, type ErrorCode } from '../errors.ts';
import { jsonIdentity } from './json-identity.ts';
import type { StashAnswer, StashClient } from './stash-client.ts';

export interface StoredStash {
  /** Unix seconds of the nara's clock. */
  readonly timestamp: number;
  /** Whether confidants took it; `undefined`: no answer came that tells. */
  readonly isDistributed: boolean | undefined;
  /** What the nara said; ''. */
  readonly message: string;
  /** `bytes`: the nara gives it as it was sent; `values`: in its own order and spelling; `damaged`: as was foretold. */
  readonly keptAs: 'bytes' | 'values' | 'damaged';
}

/**
 * Hands a document to the nara and reads it back: what is there decides, whatever was answered, and if nothing was.
 * Throws `STASH_NOT_KEPT`, and as the client does.
 */
export async function storeStash(client: StashClient, document: Buffer): Promise<StoredStash> {
  const { answer, failure } = await handOver(client, document);
  const { stash } = await client.status().catch((error: unknown) => {
    if (!(error instanceof MeshBackupError)) throw error;
    if (STOPPED.has(error.code)) throw stopped(error, 'was handed over, but not read back');
    throw failure === undefined ? unread(error) : unknown(failure);
  });
  const keptAs = stash && compareStashes(document, stash.document);
  if (stash === undefined || keptAs === undefined) {
    throw failure ?? notKept(answer?.message, stash !== undefined);
  }
  return {
    timestamp: stash.timestamp,
    isDistributed: answer?.success,
    message: answer?.message ?? '',
    keptAs,
  };
}

interface HandedOver {
  /** `undefined`: none that can be read. */
  readonly answer?: StashAnswer | undefined;
  /** Why no answer came: the document may have arrived all the same. */
  readonly failure?: MeshBackupError;
}

async function handOver(client: StashClient, document: Buffer): Promise<HandedOver> {
  try {
    return { answer: await client.update(document) };
  } catch (error) {
    if (!(error instanceof MeshBackupError) || error.exitStatus === ERROR_CODES.USAGE.exitStatus) throw error;
    if (STOPPED.has(error.code)) throw stopped(error, 'may have been handed over');
    return { failure: error };
  }
}

/** How a nara that was given `document` holds it; `undefined`: it holds something else. Both are JSON. */
export function compareStashes(document: Buffer, held: Buffer): StoredStash['keptAs'] | undefined {
  if (held.equals(document)) return 'bytes';
  const there = jsonIdentity(held, 'exact');
  if (there === jsonIdentity(document, 'exact')) return 'values';
  return there === jsonIdentity(document, 'kept') ? 'damaged' : undefined;
}

const STOPPED = new Set<ErrorCode>(['INTERRUPTED', 'TERMINATED']);

function stopped({ code, message }: MeshBackupError, what: string): MeshBackupError {
  return new MeshBackupError(code, `${message} The stash ${what}.`, { hint: AGAIN });
}

function unknown({ code, message, hint, retryable }: MeshBackupError): MeshBackupError {
  const all = `Whether it arrived all the same cannot be read back. ${AGAIN}`;
  return new MeshBackupError(code, message, {
    hint: hint === undefined ? all : `${hint} ${all}`,
    retryable,
  });
}

const AGAIN = 'Restore again: where the nara holds it already, nothing is sent.';

function unread({ message }: MeshBackupError): MeshBackupError {
  return new MeshBackupError(
    'STASH_NOT_KEPT',
    `The stash was handed over, but cannot be read back: ${message}`,
    { hint: AGAIN, retryable: true },
  );
}

function notKept(message = '', holdsAnother: boolean): MeshBackupError {
  const what = holdsAnother ? 'holds another stash' : 'holds no stash';
  const said = message === '' ? 'it gave no answer that can be read' : `it said: ${message}`;
  return new MeshBackupError('STASH_NOT_KEPT', `The nara ${what} after the restore; ${said}`, {
    hint: 'Does somebody else write to it? Restore again, or look with dump-stash.',
  });
}
