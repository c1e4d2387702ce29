import type { Line } from '../jsonl/line-file.ts';

const LINE_FEED = 0x0a;
const LINE_END = Buffer.of(LINE_FEED);

/** Gathers lines, each as it stands in its file, and hands them on together. One that lacks its line feed gets one. */
export class LineWriter {
  readonly #write: (lines: Buffer) => Promise<void>;
  #pieces: Buffer[] = [];
  /** Lines that touch are one piece. */
  #last: { readonly source: Buffer; readonly start: number; end: number } | undefined;
  lines = 0;
  bytes = 0;

  constructor(write: (lines: Buffer) => Promise<void>) {
    this.#write = write;
  }

  add({ source, start, end }: Line): void {
    this.lines++;
    const last = this.#last;
    if (last?.source === source && last.end + 1 === start) {
      last.end = end;
      return;
    }
    this.#endPiece();
    this.#last = { source, start, end };
  }

  /** Throws what the given `write` throws. */
  async flush(): Promise<void> {
    this.#endPiece();
    const pieces = this.#pieces;
    const [first] = pieces;
    if (first === undefined) return;
    this.#pieces = [];
    await this.writeWhole(pieces.length === 1 ? first : Buffer.concat(pieces));
  }

  /** Lines with their ends, which are counted by whoever has them. Throws what the given `write` throws. */
  async writeWhole(lines: Buffer): Promise<void> {
    this.bytes += lines.length;
    await this.#write(lines);
  }

  #endPiece(): void {
    if (this.#last === undefined) return;
    this.#pieces.push(...withLineEnd(this.#last));
    this.#last = undefined;
  }
}

/** A line's bytes and its line feed, which stands behind it unless it ended its file or came in two pieces. */
function withLineEnd({ source, start, end }: Pick<Line, 'source' | 'start' | 'end'>): Buffer[] {
  if (source[end] === LINE_FEED) return [source.subarray(start, end + 1)];
  return [source.subarray(start, end), LINE_END];
}

/** A copy of a line, its line feed behind it. */
export function wholeLine(line: Line): Buffer {
  return Buffer.concat(withLineEnd(line));
}
