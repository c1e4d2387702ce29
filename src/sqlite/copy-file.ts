import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { unreadable, unwritable } from '../jsonl/storage-failure.ts';
import { writeFully } from '../jsonl/write-fully.ts';

export interface FileContent {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

const CHUNK_BYTES = 1024 * 1024;
const IS_WINDOWS = process.platform === 'win32';
const READ_FLAGS = IS_WINDOWS ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK;
const WRITE_FLAGS =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (IS_WINDOWS ? 0 : constants.O_NOFOLLOW);

/**
 * Copies a file byte for byte to a new one, which is for us alone, and makes it durable. No SQLite connection of this
 * process may have it open. Throws `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `NO_ROOM`, and the signal's reason.
 */
export async function copyFile(from: string, to: string, signal?: AbortSignal): Promise<FileContent> {
  const target = await open(to, WRITE_FLAGS, 0o600).catch((cause: unknown) => {
    throw unwritable(to, cause);
  });
  try {
    const content = await readThrough(from, signal, async (bytes) => writeFully(target.fd, bytes));
    await target.sync();
    return content;
  } catch (cause) {
    throw cause instanceof Error && 'syscall' in cause ? unwritable(to, cause) : cause;
  } finally {
    await target.close();
  }
}

/** The size and SHA-256 of a file that no SQLite connection of this process has open. Throws `FILE_UNREADABLE`, the signal's reason. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<FileContent> {
  return readThrough(path, signal, () => Promise.resolve());
}

async function readThrough(
  path: string,
  signal: AbortSignal | undefined,
  use: (bytes: Uint8Array) => Promise<void>,
): Promise<FileContent> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await openFile(path);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null).catch((cause: unknown) => {
        throw unreadable(path, cause);
      });
      if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
      const read = buffer.subarray(0, bytesRead);
      hash.update(read);
      bytes += bytesRead;
      await use(read);
    }
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, READ_FLAGS);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw new Error('it is no file');
  } catch (cause) {
    throw cause instanceof MeshBackupError ? cause : unreadable(path, cause);
  }
}
