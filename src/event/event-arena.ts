const CHUNK_BYTES = 1024 * 1024;

/** Where bytes were copied to. */
export interface ArenaPlace {
  readonly chunk: Buffer;
  readonly start: number;
}

/**
 * Memory for events, taken once and used again: what is thrown away by the megabyte, the garbage collector leaves lying
 * for long. What was copied stays until the arena has been turned twice.
 */
export class EventArena {
  #chunks: Buffer[] = [];
  /** Of the turn before: still to be read, used again after the next. */
  #resting: Buffer[] = [];
  /** How many chunks are in use, and how much of the last one. */
  #count = 0;
  #used = CHUNK_BYTES;
  #inUse = new Set<Buffer>();
  /** Of what was copied since the last turn. */
  bytes = 0;

  copy(source: Buffer, start: number, end: number): ArenaPlace {
    const length = end - start;
    this.bytes += length;
    const place =
      length > CHUNK_BYTES ? { chunk: Buffer.allocUnsafeSlow(length), start: 0 } : this.#room(length);
    this.#inUse.add(place.chunk);
    source.copy(place.chunk, place.start, start, end);
    return place;
  }

  /** Whether the buffer holds what was copied since the last turn. */
  holds(buffer: Buffer): boolean {
    return this.#inUse.has(buffer);
  }

  turn(): void {
    [this.#chunks, this.#resting] = [this.#resting, this.#chunks];
    this.#inUse = new Set();
    this.#count = 0;
    this.#used = CHUNK_BYTES;
    this.bytes = 0;
  }

  #room(length: number): ArenaPlace {
    if (this.#used + length > CHUNK_BYTES) {
      this.#chunks[this.#count] ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#count++;
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return { chunk: this.#chunks[this.#count - 1]!, start };
  }
}
