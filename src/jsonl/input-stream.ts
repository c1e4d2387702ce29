import type { Readable } from 'node:stream';
import { HEAD_BYTES, type Input } from './input.ts';
import { unreadable } from './storage-failure.ts';

/** A stream that somebody else opened, stdin for one. */
export class InputStream implements Input {
  readonly path: string;
  readonly isRegular = false;
  readonly size = Infinity;
  readonly head: Buffer;
  readonly #stream: Readable;
  readonly #pieces: AsyncIterator<Buffer>;
  /** Read to know the head, and not given yet. */
  readonly #begun: Buffer[];

  private constructor(path: string, stream: Readable, pieces: AsyncIterator<Buffer>, begun: Buffer[]) {
    this.path = path;
    this.#stream = stream;
    this.#pieces = pieces;
    this.#begun = begun;
    this.head = Buffer.concat(begun).subarray(0, HEAD_BYTES);
  }

  /** Waits for the first bytes. `path` is what people know it by. Throws `FILE_UNREADABLE`. */
  static async open(path: string, stream: Readable): Promise<InputStream> {
    const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const begun: Buffer[] = [];
    for (let length = 0; length < HEAD_BYTES; length += begun.at(-1)!.length) {
      const next = await nextPiece(path, pieces);
      if (next.done === true) break;
      begun.push(next.value);
    }
    return new InputStream(path, stream, pieces, begun);
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    yield* this.#begun.splice(0);
    for (;;) {
      const next = await nextPiece(this.path, this.#pieces);
      if (next.done === true) return;
      yield next.value;
    }
  }

  read(): number {
    throw new Error('a stream is read in order');
  }

  /** Also one that is waited for: what is asked for next then fails. */
  close(): Promise<void> {
    this.#stream.destroy();
    return Promise.resolve();
  }
}

async function nextPiece(path: string, pieces: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer, void>> {
  try {
    return (await pieces.next()) as IteratorResult<Buffer, void>;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
