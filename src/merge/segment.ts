import { MeshBackupError } from '../errors.ts';
import { readEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';
import type { Run, RunOrigin, RunReader } from './run.ts';

/** A stretch of a store, in bytes. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Where lines lie. */
export interface LineStore {
  /** Fills the buffer as far as the extent goes from `from` on; returns the number of bytes. */
  read(buffer: Buffer, from: number, end: number): number;
}

/** So much of a segment is read at a time: a merge holds so much of each of its runs. */
const BLOCK_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;

/** Sorted lines of one origin that lie in a store, extent by extent, each of whole lines. */
export class Segment implements Run {
  readonly origins: readonly RunOrigin[];
  readonly #store: LineStore;
  readonly #extents: Extent[] = [];

  constructor(origin: RunOrigin, store: LineStore) {
    this.origins = [origin];
    this.#store = store;
  }

  /** Appends whole lines, which are in the store. */
  addExtent(extent: Extent): void {
    this.#extents.push(extent);
  }

  open(): RunReader {
    return new SegmentReader(this);
  }

  /** Its bytes in blocks, each of whole lines. */
  *blocks(): Generator<Buffer, void, undefined> {
    for (const extent of this.#extents) yield* this.#readBlocks(extent);
  }

  *#readBlocks({ start, end }: Extent): Generator<Buffer, void, undefined> {
    let size = BLOCK_BYTES;
    for (let at = start; at < end;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(size, end - at));
      const read = this.#store.read(buffer, at, end);
      const length = read === 0 ? 0 : buffer.lastIndexOf(LINE_FEED, read - 1) + 1;
      if (length === 0) {
        if (read < buffer.length)
          throw new MeshBackupError('TEMPORARY_FILE', 'A temporary file lost its end.');
        size *= 2; // a line that is longer
        continue;
      }
      yield buffer.subarray(0, length);
      at += length;
      size = BLOCK_BYTES;
    }
  }
}

class SegmentReader implements RunReader {
  current: EventView | undefined;
  readonly origins: readonly RunOrigin[];
  readonly #blocks: Iterator<Buffer, void>;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Of the block; made when the first of its lines has to be scanned. */
  #scanner: EventScanner | undefined;

  constructor(segment: Segment) {
    this.origins = segment.origins;
    this.#blocks = segment.blocks();
    this.advance();
  }

  advance(like?: EventView): void {
    if (this.#at >= this.#block.length && !this.#nextBlock()) {
      this.current = undefined;
      return;
    }
    this.current = like !== undefined && this.#stands(like) ? like : this.#scan();
    this.#at += this.current.end - this.current.start + 1;
  }

  #nextBlock(): boolean {
    const next = this.#blocks.next();
    if (next.done === true) return false;
    this.#block = next.value;
    this.#at = 0;
    this.#scanner = undefined;
    return true;
  }

  /** Whether the line is that event: a JSON object ends itself, so its bytes and a line end are all of it. */
  #stands({ source, start, end }: EventView): boolean {
    const at = this.#at;
    const lineEnd = at + end - start;
    return this.#block[lineEnd] === LINE_FEED && source.compare(this.#block, at, lineEnd, start, end) === 0;
  }

  #scan(): EventView {
    this.#scanner ??= new EventScanner(this.#block);
    this.#scanner.cursor.pos = this.#at;
    this.#scanner.scan();
    return readEvent(this.#scanner);
  }
}
