import type { Input } from '../jsonl/input.ts';
import type { Spool } from '../merge/spool.ts';

const CHUNK_BYTES = 128 * 1024;

/** What was read from a stream into a private file, to be read from there again. */
export class SpooledInput implements Input {
  readonly path: string;
  readonly isRegular = true;
  readonly size: number;
  readonly head: Buffer;
  readonly #spool: Spool;

  /** `path` is what people know the stream by; all of the spool's `size` bytes are its. Throws `TEMPORARY_FILE`. */
  constructor(path: string, spool: Spool, size: number) {
    this.path = path;
    this.size = size;
    this.#spool = spool;
    const head = Buffer.alloc(Math.min(2, size));
    this.head = head.subarray(0, this.read(head, 0, size));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- blocking, as a spool is
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (let at = 0; at < this.size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.size - at));
      const bytesRead = this.read(chunk, at, this.size);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  read(buffer: Buffer, from: number, end: number): number {
    return this.#spool.read(buffer, from, end);
  }

  close(): Promise<void> {
    this.#spool.close();
    return Promise.resolve();
  }
}
