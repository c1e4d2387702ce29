import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import type { Input } from '../jsonl/input.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { notTar } from './snapshot-failure.ts';

const CHUNK_BYTES = 128 * 1024;
const FLAGS = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/**
 * A file that stays the one that was opened, whatever becomes of its name. Opening a FIFO does not wait, so that it can
 * be refused. Throws `FILE_UNREADABLE`, `SNAPSHOT_FORMAT` for what is no file.
 */
export async function openInput(path: string, signal: AbortSignal): Promise<FileInput> {
  signal.throwIfAborted();
  let file: FileHandle | undefined;
  try {
    file = await open(path, FLAGS);
    const stat = await file.stat();
    if (!stat.isFile()) throw notTar('it is a folder, a pipe or a device');
    return new FileInput(path, file, stat.size, signal);
  } catch (cause) {
    await file?.close();
    throw cause instanceof MeshBackupError ? cause : unreadable(path, cause);
  }
}

export class FileInput implements Pick<Input, 'path' | 'isRegular' | 'size' | 'chunks'> {
  readonly path: string;
  readonly isRegular = true;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #signal: AbortSignal;

  constructor(path: string, file: FileHandle, size: number, signal: AbortSignal) {
    this.path = path;
    this.size = size;
    this.#file = file;
    this.#signal = signal;
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (let at = 0; at < this.size;) {
      this.#signal.throwIfAborted();
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.size - at));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, at).catch((cause: unknown) => {
        throw unreadable(this.path, cause);
      });
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
