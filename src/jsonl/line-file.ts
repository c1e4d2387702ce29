import type { Readable } from 'node:stream';
import { openFifo } from './fifo.ts';
import { gunzip } from './gunzip.ts';
import { InputFile } from './input-file.ts';
import { InputStream } from './input-stream.ts';
import type { Input } from './input.ts';
import { LineSplitter, MAX_LINE_BYTES, type Line } from './line-splitter.ts';

export type { Line } from './line-splitter.ts';

const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);

/** Gets the bytes that are read, in order, before the lines that are made of them. It may keep them. */
interface ReadObserver {
  /** As they lie in the file. */
  raw?(bytes: Buffer): void;
  /** As they come out of gzip; of a plain file, the same as `raw`. */
  plain?(bytes: Buffer): void;
}

/** A file of lines, plain or gzip, that is open for reading. */
export class LineFile {
  readonly path: string;
  /** By the magic bytes 1f 8b, whatever the name says. */
  readonly isCompressed: boolean;
  readonly #input: Input;
  #damage: readonly string[] = [];
  #breaks: readonly string[] = [];
  #isUsed = false;

  private constructor(input: Input) {
    this.#input = input;
    this.path = input.path;
    this.isCompressed = input.head.equals(GZIP_MAGIC);
  }

  /**
   * `undefined`: no such file. Waits for the first bytes of a pipe, until the signal comes. Throws `FILE_UNREADABLE`, for
   * one that was given up, too.
   */
  static async open(path: string, signal?: AbortSignal): Promise<LineFile | undefined> {
    const fifo = await openFifo(path, signal);
    if (fifo !== undefined) return LineFile.ofStream(path, fifo);
    const input = await InputFile.open(path);
    return input && new LineFile(input);
  }

  /** Lines that come in a stream; `name` is what people know it by. Waits for the first bytes. Throws `FILE_UNREADABLE`. */
  static async ofStream(name: string, stream: Readable): Promise<LineFile> {
    return new LineFile(await InputStream.open(name, stream));
  }

  /** What is read as a file is. */
  static ofInput(input: Input): LineFile {
    return new LineFile(input);
  }

  /** The same file, to be read once more: the same bytes, as long as nobody writes over them. Only where `isRegular`. */
  again(): LineFile {
    if (!this.isRegular) throw new Error(`${this.path} can be read only once.`);
    return new LineFile(this.#input);
  }

  /** A file, no pipe or device: it can be read again. */
  get isRegular(): boolean {
    return this.#input.isRegular;
  }

  /** As it lies there, in bytes, when it was opened; Infinity of a pipe or device. */
  get size(): number {
    return this.#input.size;
  }

  /** Whether bytes can be read at any offset of the plain text: a regular file, not compressed. */
  get isSeekable(): boolean {
    return this.isRegular && !this.isCompressed;
  }

  /** After `batches`: why not all of the file could be read as lines, each reason once. Empty when all is well. */
  get damage(): readonly string[] {
    return this.#damage;
  }

  /** Of `damage`, what is not about single lines. */
  get breaks(): readonly string[] {
    return this.#breaks;
  }

  /**
   * Batches of lines, once. Up to the size that the file had when it was opened: what is appended meanwhile is not
   * read. Pipes and devices have no size and are read to their end. Throws `FILE_UNREADABLE`.
   */
  async *batches(observe: ReadObserver = {}): AsyncGenerator<readonly Line[], void, undefined> {
    if (this.#isUsed) throw new Error(`The lines of ${this.path} are read already.`);
    this.#isUsed = true;
    const splitter = new LineSplitter();
    let rawBytes = 0;
    const text = this.#plainText((bytes) => {
      rawBytes += bytes.length;
      observe.raw?.(bytes);
    });
    let streamDamage: string | undefined;
    try {
      for (let next = await text.next(); ; next = await text.next()) {
        if (next.done === true) {
          streamDamage = next.value;
          break;
        }
        observe.plain?.(next.value);
        yield splitter.split(next.value);
      }
    } finally {
      await text.return(undefined);
    }
    const last = splitter.end();
    const isShorter = this.#input.isRegular && rawBytes < this.#input.size;
    this.#breaks = [streamDamage, isShorter ? 'the file became shorter while it was read' : undefined].filter(
      (reason) => reason !== undefined,
    );
    const overlong = overlongDamage(splitter);
    this.#damage = overlong === undefined ? this.#breaks : [...this.#breaks, overlong];
    if (last) yield [last];
  }

  /** Blocking; fills the buffer as far as `end` goes from `from` on. Only where `isSeekable`. Throws `FILE_UNREADABLE`. */
  read(buffer: Buffer, from: number, end: number): number {
    return this.#input.read(buffer, from, end);
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#input.close();
  }

  async *#plainText(raw: (bytes: Buffer) => void): AsyncGenerator<Buffer, string | undefined, undefined> {
    if (this.isCompressed) return yield* gunzip(this.#input, raw);
    for await (const chunk of this.#input.chunks()) {
      raw(chunk);
      yield chunk;
    }
    return undefined;
  }
}

function overlongDamage({ overlong: { count, firstNumber } }: LineSplitter): string | undefined {
  if (count === 0) return undefined;
  const bound = `longer than ${MAX_LINE_BYTES} bytes`;
  return count === 1
    ? `line ${firstNumber} is ${bound}`
    : `${count} lines are ${bound}, line ${firstNumber} is the first`;
}
