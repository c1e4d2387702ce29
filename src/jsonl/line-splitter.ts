import { MAX_EVENT_BYTES } from '../event/event-view.ts';

/** A line of a file, without its line feed. */
export interface Line {
  /** Shared with other lines of the batch. */
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** The file ends before the line does: what wrote it was stopped, or writes still. */
  readonly isTorn: boolean;
  /** The line is longer than `MAX_LINE_BYTES`; its bytes are not here. */
  readonly isOverlong: boolean;
  /** Where it starts in the plain text, in bytes. A BOM before the first line is no part of it and moves it by 3. */
  readonly offset: number;
}

/** The longest line that is read: an event, and room for blanks around it. */
export const MAX_LINE_BYTES = MAX_EVENT_BYTES + 1024;
const LINE_FEED = 0x0a;
const BOM = Buffer.from('\ufeff');
const NOTHING = Buffer.alloc(0);

/** Cuts a text that comes in pieces into lines. Holds one line at most, and none that is overlong. */
export class LineSplitter {
  /** How many lines were overlong, and the first of them. */
  readonly overlong = { count: 0, firstNumber: 0 };
  /** The line that is not at its end yet. */
  #parts: Buffer[] = [];
  #length = 0;
  #number = 1;
  #offset = 0;

  split(piece: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = piece.indexOf(LINE_FEED); end !== -1; end = piece.indexOf(LINE_FEED, start)) {
      this.#add(piece.subarray(start, end));
      lines.push(this.#take(false));
      start = end + 1;
    }
    this.#add(piece.subarray(start));
    return lines;
  }

  /** The line that the text ends in, if it does not end with a line feed. */
  end(): Line | undefined {
    return this.#length === 0 ? undefined : this.#take(true);
  }

  #add(part: Buffer): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > MAX_LINE_BYTES) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(isTorn: boolean): Line {
    const isOverlong = this.#length > MAX_LINE_BYTES;
    const [first = NOTHING] = this.#parts;
    const bytes = this.#parts.length > 1 ? Buffer.concat(this.#parts) : first;
    const number = this.#number++;
    if (isOverlong && this.overlong.count++ === 0) this.overlong.firstNumber = number;
    const bomBytes = number === 1 && bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
    const line = {
      bytes: bytes.subarray(bomBytes),
      number,
      isTorn,
      isOverlong,
      offset: this.#offset + bomBytes,
    };
    this.#offset += this.#length + 1;
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
