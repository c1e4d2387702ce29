import type { Writable } from 'node:stream';
import { MeshBackupError } from '../errors.ts';
import { isReaderGone } from '../jsonl/storage-failure.ts';

/**
 * Writes to one of the process's streams and resolves when the bytes have left it, so that a slow reader slows us
 * down and not our memory. Hand it batches, not lines. Throws `READER_GONE`, or `FILE_UNWRITABLE` (a full disk).
 */
export async function writeAll(stream: Writable, bytes: Uint8Array | string): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    stream.write(bytes, resolve);
  });
  if (error === null || error === undefined) return;
  if (isReaderGone(error)) {
    throw new MeshBackupError('READER_GONE', 'The reader of our output closed it.', { cause: error });
  }
  throw new MeshBackupError('FILE_UNWRITABLE', `Cannot write the output: ${error.message}.`, {
    cause: error,
  });
}
