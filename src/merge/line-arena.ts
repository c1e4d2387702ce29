import type { EventView } from '../event/event-view.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Where an event's bytes lie, good until the arena is cleared. */
export interface LinePlace {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Memory for lines, taken once and used again: what is thrown away by the megabyte, the garbage collector leaves lying
 * for long.
 */
export class LineArena {
  readonly #chunks: Buffer[] = [];
  #at = -1;
  #used = CHUNK_BYTES;
  /** Of the lines that it holds. */
  bytes = 0;

  /** Copies an event's bytes. */
  add({ source, start, end }: EventView): LinePlace {
    const length = end - start;
    this.bytes += length;
    if (length > CHUNK_BYTES) {
      return { chunk: Buffer.from(source.subarray(start, end)), start: 0, end: length };
    }
    if (this.#used + length > CHUNK_BYTES) {
      this.#at++;
      this.#used = 0;
      if (this.#at === this.#chunks.length) this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
    }
    const chunk = this.#chunks[this.#at]!;
    const place = { chunk, start: this.#used, end: this.#used + length };
    source.copy(chunk, place.start, start, end);
    this.#used = place.end;
    return place;
  }

  clear(): void {
    this.#at = -1;
    this.#used = CHUNK_BYTES;
    this.bytes = 0;
  }
}
