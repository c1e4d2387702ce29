import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { HEAD_BYTES, type Input } from './input.ts';
import { unlessMissing, unreadable } from './storage-failure.ts';

/** What is made of a chunk should die young: the events of 1 MiB outlive the collector's first look. */
const CHUNK_BYTES = 128 * 1024;

/** A file, pipe or device that is open for reading, as its bytes lie there. */
export class InputFile implements Input {
  readonly path: string;
  readonly isRegular: boolean;
  /** Pipes and devices have none. */
  readonly size: number;
  readonly head: Buffer;
  readonly #file: FileHandle;
  #closing: Promise<void> | undefined;

  private constructor(path: string, file: FileHandle, size: number, head: Buffer) {
    this.path = path;
    this.#file = file;
    this.isRegular = size !== Infinity;
    this.size = size;
    this.head = head;
  }

  /** `undefined`: no such file. Waits for the first bytes of a pipe. Throws `FILE_UNREADABLE`. */
  static async open(path: string): Promise<InputFile | undefined> {
    let file: FileHandle | undefined;
    try {
      file = await unlessMissing(open(path, 'r'));
      if (file === undefined) return undefined;
      const stat = await file.stat();
      const size = stat.isFile() ? stat.size : Infinity;
      return new InputFile(path, file, size, await readHead(file, size));
    } catch (error) {
      await file?.close();
      throw unreadable(path, error);
    }
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    if (!this.isRegular && this.head.length > 0) yield this.head;
    for (let at = 0; at < this.size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.size - at));
      const bytesRead = await this.#readAt(chunk, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  read(buffer: Buffer, from: number, end: number): number {
    const wanted = Math.min(buffer.length, end - from);
    let filled = 0;
    try {
      while (filled < wanted) {
        const bytesRead = readSync(this.#file.fd, buffer, filled, wanted - filled, from + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#file.close());
  }

  async #readAt(chunk: Buffer, at: number): Promise<number> {
    try {
      const position = this.isRegular ? at : null;
      return (await this.#file.read(chunk, 0, chunk.length, position)).bytesRead;
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
  }
}

/** A pipe gives what it has: its first byte may come alone. */
async function readHead(file: FileHandle, size: number): Promise<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES);
  let filled = 0;
  while (filled < HEAD_BYTES) {
    const position = size === Infinity ? null : filled;
    const { bytesRead } = await file.read(head, filled, HEAD_BYTES - filled, position);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return head.subarray(0, filled);
}
