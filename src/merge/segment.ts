import { MeshBackupError } from '../errors.ts';
import { readEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';
import type { EventRecord } from './record.ts';
import type { Run, RunOrigin, RunReader } from './run.ts';
import type { Extent, Spool } from './spool.ts';

/** So much of a segment is read at a time: a merge holds so much of each of its runs. */
const BLOCK_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;

/**
 * Sorted lines: first those in a spool, extent by extent (each ends with a line), then a tail in memory. In a `tagged`
 * segment each line says first who gave it: indices into `origins`, with commas between them, and a tab.
 */
export class Segment implements Run {
  readonly origins: readonly RunOrigin[];
  readonly isTagged: boolean;
  readonly #extents: Extent[] = [];
  readonly #spool: () => Spool;
  #tail: readonly EventRecord[] = [];

  constructor(origins: readonly RunOrigin[], isTagged: boolean, spool: () => Spool) {
    this.origins = origins;
    this.isTagged = isTagged;
    this.#spool = spool;
  }

  /** Appends whole lines, which are in the spool. */
  addExtent(extent: Extent): void {
    this.#extents.push(extent);
  }

  /** Appends events in memory. */
  addTail(records: readonly EventRecord[]): void {
    this.#tail = this.#tail.length === 0 ? records : [...this.#tail, ...records];
  }

  /** Moves what is in memory into the spool. */
  spill(): void {
    if (this.#tail.length === 0) return;
    this.#extents.push(this.#spool().append(linesOf(this.#tail)));
    this.#tail = [];
  }

  open(): RunReader {
    return new SegmentReader(this);
  }

  /** Its bytes in blocks, each of whole lines. */
  *blocks(): Generator<Buffer, void, undefined> {
    for (const extent of this.#extents) yield* this.#readBlocks(extent);
    yield* packed(linesOf(this.#tail));
  }

  *#readBlocks({ start, end }: Extent): Generator<Buffer, void, undefined> {
    let size = BLOCK_BYTES;
    for (let at = start; at < end;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(size, end - at));
      const read = this.#spool().read(buffer, at, end);
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

const LINE_END = Buffer.from('\n');

/** The bytes of lines, piece by piece. */
function* linesOf(records: readonly EventRecord[]): Generator<Buffer, void, undefined> {
  for (const { place } of records) {
    yield place.chunk.subarray(place.start, place.end);
    yield LINE_END;
  }
}

/** Pieces in blocks; a block ends where a line does. */
function* packed(pieces: Iterable<Buffer>): Generator<Buffer, void, undefined> {
  let block: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    block.push(piece);
    bytes += piece.length;
    if (bytes < BLOCK_BYTES || piece !== LINE_END) continue;
    yield Buffer.concat(block, bytes);
    block = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(block, bytes);
}

class SegmentReader implements RunReader {
  current: EventView | undefined;
  origins: readonly RunOrigin[];
  readonly #segment: Segment;
  readonly #blocks: Iterator<Buffer, void>;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Of the block; made when the first of its lines has to be scanned. */
  #scanner: EventScanner | undefined;

  constructor(segment: Segment) {
    this.#segment = segment;
    this.origins = segment.origins;
    this.#blocks = segment.blocks();
    this.advance();
  }

  advance(like?: EventView): void {
    if (this.#at >= this.#block.length && !this.#nextBlock()) {
      this.current = undefined;
      return;
    }
    if (this.#segment.isTagged) this.#readTag();
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

  #readTag(): void {
    const tab = this.#block.indexOf(0x09, this.#at);
    const indices = this.#block.toString('latin1', this.#at, tab).split(',');
    this.origins = indices.map((index) => this.#segment.origins[Number(index)]!);
    this.#at = tab + 1;
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
