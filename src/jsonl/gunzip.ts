import { createGunzip } from 'node:zlib';
import type { Input } from './input.ts';
import { codeOf } from './storage-failure.ts';

/** Fed at once. Deflate makes a byte into 1032 at most, so what comes out of a piece fits in memory. */
const PIECE_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/** What is returned of a file that is good as far as it goes. */
export const CUT_OFF = 'the gzip stream is cut off';

/**
 * The plain text of a gzip file, as much of it as comes before a break; returns why that is not all.
 * `raw` gets every byte of the file, also those behind the break. Throws `FILE_UNREADABLE`.
 */
export async function* gunzip(
  input: Pick<Input, 'chunks' | 'isRegular'>,
  raw: (bytes: Buffer) => void,
): AsyncGenerator<Buffer, string | undefined, undefined> {
  const inflater = new Inflater();
  try {
    for await (const chunk of input.chunks()) {
      raw(chunk);
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        if (inflater.isOver) {
          inflater.leave(chunk.subarray(at));
          break;
        }
        const plain = await inflater.feed(chunk.subarray(at, at + PIECE_BYTES));
        if (plain.length > 0) yield plain;
      }
    }
    const plain = await inflater.end();
    if (plain.length > 0) yield plain;
    if (inflater.hasFailed && input.isRegular)
      yield* upToTheBreak(input, inflater.intactBytes, inflater.madeBytes);
    return inflater.damage;
  } finally {
    inflater.close();
  }
}

/**
 * zlib keeps to itself what it made of a piece before it met the break in it. So: once more from the start, that piece
 * byte by byte. A pipe cannot be read again: there up to 16 KiB of text before the break are lost.
 */
async function* upToTheBreak(
  input: Pick<Input, 'chunks'>,
  intactBytes: number,
  knownBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const inflater = new Inflater();
  let fed = 0;
  try {
    for await (const chunk of input.chunks()) {
      for (let at = 0; at < chunk.length;) {
        const length = fed < intactBytes ? Math.min(PIECE_BYTES, intactBytes - fed) : 1;
        const piece = chunk.subarray(at, at + length);
        at += piece.length;
        fed += piece.length;
        const lacking = Math.max(0, knownBytes - inflater.madeBytes);
        const fresh = (await inflater.feed(piece)).subarray(lacking);
        if (fresh.length > 0) yield fresh;
        if (inflater.isOver) return;
      }
    }
  } finally {
    inflater.close();
  }
}

/** zlib's gunzip, fed piece by piece; each piece is answered with what came out of it. */
class Inflater {
  /** In pieces before the one with the break in it. */
  intactBytes = 0;
  madeBytes = 0;
  readonly #stream = createGunzip();
  #made: Buffer[] = [];
  #fedBytes = 0;
  #failure: Error | undefined;
  #isAtEnd = false;
  #leftGarbage = false;
  #wake: () => void = () => undefined;

  constructor() {
    this.#stream.on('data', (bytes: Buffer) => this.#made.push(bytes));
    this.#stream.on('end', () => {
      this.#isAtEnd = true;
      this.#wake();
    });
    this.#stream.on('error', (error) => {
      this.#failure ??= error;
      this.#wake();
    });
  }

  /** It takes no more: a break, or the end of the stream. */
  get isOver(): boolean {
    return this.hasFailed || this.#isAtEnd;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Why what came out is not the whole of what went in. */
  get damage(): string | undefined {
    if (codeOf(this.#failure) === 'Z_BUF_ERROR') return CUT_OFF;
    if (this.#failure !== undefined) return `the gzip stream is damaged: ${this.#failure.message}`;
    if (this.#leftGarbage) {
      return 'the gzip stream is followed by something that is not gzip';
    }
    return undefined;
  }

  async feed(piece: Buffer): Promise<Buffer> {
    this.#fedBytes += piece.length;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#stream.write(piece, (error) => {
        if (!error) resolve(); // an error comes as an event too
      });
    });
    if (!this.hasFailed) this.intactBytes += piece.length;
    // Zeros behind a member end the stream for zlib, without a word and whatever follows them.
    if (this.#isAtEnd) this.leave(piece.subarray(piece.length - this.#fedBytes + this.#stream.bytesWritten));
    return this.#taken();
  }

  /** Looks at bytes that zlib did not take: tapes and blocks are filled up with zeros, all else is none of ours. */
  leave(bytes: Buffer): void {
    this.#leftGarbage ||= bytes.some((byte) => byte !== 0);
  }

  async end(): Promise<Buffer> {
    if (this.isOver) return NOTHING;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#stream.end();
    });
    return this.#taken();
  }

  close(): void {
    this.#stream.destroy();
  }

  #taken(): Buffer {
    const [first = NOTHING] = this.#made;
    const taken = this.#made.length > 1 ? Buffer.concat(this.#made) : first;
    this.#made = [];
    this.madeBytes += taken.length;
    return taken;
  }
}
