import { MAX_EVENT_BYTES } from '../event/event-view.ts';

/** A part of a text. */
interface Stretch {
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A line of a file, without its line feed. */
export class Line implements Stretch {
  /** What holds it, with others of the batch where they came in one piece. */
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
  /** From 1. */
  readonly number: number;
  /** The file ends before the line does: what wrote it was stopped, or writes still. */
  readonly isTorn: boolean;
  /** The line is longer than `MAX_LINE_BYTES`; its bytes are not here. */
  readonly isOverlong: boolean;
  /** Where it starts in the plain text, in bytes. A BOM before the first line is no part of it and moves it by 3. */
  readonly offset: number;

  constructor(
    { source, start, end }: Stretch,
    { number, isTorn, isOverlong, offset }: Pick<Line, 'number' | 'isTorn' | 'isOverlong' | 'offset'>,
  ) {
    this.source = source;
    this.start = start;
    this.end = end;
    this.number = number;
    this.isTorn = isTorn;
    this.isOverlong = isOverlong;
    this.offset = offset;
  }

  /** Its own, shared with the source. */
  get bytes(): Buffer {
    return this.source.subarray(this.start, this.end);
  }
}

/** The longest line that is read: an event, and room for blanks around it. */
export const MAX_LINE_BYTES = MAX_EVENT_BYTES + 1024;
const LINE_FEED = 0x0a;
const BOM = Buffer.from('\ufeff');
const NOTHING: Stretch = { source: Buffer.alloc(0), start: 0, end: 0 };

/** Cuts a text that comes in pieces into lines. Holds one line at most, and none that is overlong. */
export class LineSplitter {
  /** How many lines were overlong, and the first of them. */
  readonly overlong = { count: 0, firstNumber: 0 };
  /** The line that is not at its end yet. */
  #parts: Stretch[] = [];
  #length = 0;
  #number = 1;
  #offset = 0;

  split(piece: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, start)) {
      this.#add({ source: piece, start, end });
      lines.push(this.#take(false));
      start = end + 1;
    }
    this.#add({ source: piece, start, end: piece.length });
    return lines;
  }

  /** The line that the text ends in, if it does not end with a line feed. */
  end(): Line | undefined {
    return this.#length === 0 ? undefined : this.#take(true);
  }

  #add(part: Stretch): void {
    const length = part.end - part.start;
    if (length === 0) return;
    this.#length += length;
    if (this.#length > MAX_LINE_BYTES) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(isTorn: boolean): Line {
    const isOverlong = this.#length > MAX_LINE_BYTES;
    const { source, start, end } = join(this.#parts);
    const number = this.#number++;
    if (isOverlong && this.overlong.count++ === 0) this.overlong.firstNumber = number;
    const bomBytes = number === 1 && startsWithBom(source.subarray(start, end)) ? BOM.length : 0;
    const line = new Line(
      { source, start: start + bomBytes, end },
      { number, isTorn, isOverlong, offset: this.#offset + bomBytes },
    );
    this.#offset += this.#length + 1;
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

/** Most lines lie in one piece, and stay where they are. */
function join(parts: readonly Stretch[]): Stretch {
  const [first = NOTHING] = parts;
  if (parts.length <= 1) return first;
  const source = Buffer.concat(parts.map((part) => part.source.subarray(part.start, part.end)));
  return { source, start: 0, end: source.length };
}

function startsWithBom(bytes: Buffer): boolean {
  return bytes.subarray(0, BOM.length).equals(BOM);
}
