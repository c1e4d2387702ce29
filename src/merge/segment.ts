import { readEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';
import { readBlocks, type ByteStore, type Extent } from './blocks.ts';
import type { Run, RunOrigin, RunReader } from './run.ts';

/** So much of a segment is read at a time: a merge holds so much of each of its runs. */
const BLOCK_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;

/** Sorted lines of one origin that lie in a store, extent by extent, each of whole lines. */
export class Segment implements Run {
  readonly origins: readonly RunOrigin[];
  readonly #store: ByteStore;
  readonly #extents: Extent[] = [];

  constructor(origin: RunOrigin, store: ByteStore) {
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
  blocks(): Iterator<Buffer, void> {
    return readBlocks(this.#store, this.#extents, {
      blockBytes: BLOCK_BYTES,
      wholeLength: (block) => block.lastIndexOf(LINE_FEED) + 1,
    });
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
