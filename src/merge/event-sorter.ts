import { deferEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';
import { radixOrder } from './radix-order.ts';
import type { Run, RunOrigin, RunReader } from './run.ts';
import { sortTied } from './sort-tied.ts';

const CHUNK_BYTES = 1024 * 1024;
const FIRST_ROOM = 1024;
/** Of what is kept of each event: two halves of its time, its chunk, start, end and origin, and its places in the order. */
const EVENT_BYTES = 8 * 4;
/** Turns the sign of an int64 so that its upper half compares as an unsigned number. */
const SIGN = 0x8000_0000;
const HALVES = new Uint32Array(2);
const WHOLE = new BigInt64Array(HALVES.buffer);
/** Which half is the upper one is the machine's affair. */
const UPPER = new Uint32Array(new BigInt64Array([-(2n ** 63n)]).buffer)[1] === 0 ? 0 : 1;

/**
 * Sorts events of which few are copies of one another: their bytes lie in chunks that are used again, their times in
 * arrays of numbers, so that nothing is left for the garbage collector, however many there are.
 */
export class EventSorter implements Run {
  readonly #origins: RunOrigin[] = [];
  #lastOrigin = -1;
  #chunks: Buffer[] = [];
  #scanners: (EventScanner | undefined)[] = [];
  /** How many chunks are in use, and how much of the last one. */
  #inUse = 0;
  #used = CHUNK_BYTES;
  #bytes = 0;
  #count = 0;
  #room = 0;
  #upper = new Uint32Array(0);
  #lower = new Uint32Array(0);
  #chunkOf = new Uint32Array(0);
  #starts = new Uint32Array(0);
  #ends = new Uint32Array(0);
  #originOf = new Uint32Array(0);

  /** What is held, in bytes of memory. */
  get bytes(): number {
    return this.#bytes + this.#count * EVENT_BYTES;
  }

  get size(): number {
    return this.#count;
  }

  /** Copies the event's bytes. */
  add({ source, start, end, tsNs }: EventView, origin: RunOrigin): void {
    if (this.#count === this.#room) this.#grow();
    const at = this.#count++;
    const length = end - start;
    const chunk = this.#chunkFor(length);
    WHOLE[0] = tsNs;
    this.#upper[at] = HALVES[UPPER]! ^ SIGN;
    this.#lower[at] = HALVES[1 - UPPER]!;
    this.#chunkOf[at] = chunk;
    this.#starts[at] = this.#used;
    source.copy(this.#chunks[chunk]!, this.#used, start, end);
    this.#ends[at] = this.#used += length;
    this.#bytes += length;
    if (this.#origins[this.#lastOrigin] !== origin) this.#lastOrigin = this.#originNumber(origin);
    this.#originOf[at] = this.#lastOrigin;
  }

  /** Forgets all; the views that it gave are no good any more. */
  clear(): void {
    // What was made for one long event is not kept.
    this.#chunks = this.#chunks.filter((chunk) => chunk.length === CHUNK_BYTES);
    this.#scanners = [];
    this.#inUse = 0;
    this.#used = CHUNK_BYTES;
    this.#bytes = 0;
    this.#count = 0;
  }

  open(): RunReader {
    return new SorterReader(this, this.#order());
  }

  /** The event that was added as number `at`. */
  eventAt(at: number): EventView {
    const chunk = this.#chunkOf[at]!;
    const scanner = (this.#scanners[chunk] ??= new EventScanner(this.#chunks[chunk]!));
    return deferEvent(scanner, this.#starts[at]!, this.#ends[at]!, this.#timeAt(at));
  }

  originAt(at: number): RunOrigin {
    return this.#origins[this.#originOf[at]!]!;
  }

  /** By time first; those that share one are then looked at. */
  #order(): Uint32Array {
    const order = radixOrder(this.#upper, this.#lower, this.#count);
    for (let from = 0; from < order.length;) {
      let to = from + 1;
      while (to < order.length && this.#shareTime(order[from]!, order[to]!)) to++;
      if (to - from > 1) sortTied(order.subarray(from, to), (at) => this.eventAt(at));
      from = to;
    }
    return order;
  }

  #shareTime(a: number, b: number): boolean {
    return this.#lower[a] === this.#lower[b] && this.#upper[a] === this.#upper[b];
  }

  #timeAt(at: number): bigint {
    HALVES[UPPER] = this.#upper[at]! ^ SIGN;
    HALVES[1 - UPPER] = this.#lower[at]!;
    return WHOLE[0]!;
  }

  /** The number of a chunk with room for so much; `#used` is where that begins. */
  #chunkFor(length: number): number {
    if (this.#used + length > (this.#chunks[this.#inUse - 1]?.length ?? 0)) {
      if (length > CHUNK_BYTES) this.#chunks.splice(this.#inUse, 0, Buffer.allocUnsafeSlow(length));
      else this.#chunks[this.#inUse] ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#inUse++;
      this.#used = 0;
    }
    return this.#inUse - 1;
  }

  #originNumber(origin: RunOrigin): number {
    const known = this.#origins.indexOf(origin);
    return known === -1 ? this.#origins.push(origin) - 1 : known;
  }

  #grow(): void {
    this.#room = Math.max(FIRST_ROOM, this.#room * 2);
    const grown = (old: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
      const array = new Uint32Array(this.#room);
      array.set(old);
      return array;
    };
    this.#upper = grown(this.#upper);
    this.#lower = grown(this.#lower);
    this.#chunkOf = grown(this.#chunkOf);
    this.#starts = grown(this.#starts);
    this.#ends = grown(this.#ends);
    this.#originOf = grown(this.#originOf);
  }
}

class SorterReader implements RunReader {
  current: EventView | undefined;
  readonly origins: RunOrigin[] = [];
  readonly #sorter: EventSorter;
  readonly #order: Uint32Array;
  #next = 0;

  constructor(sorter: EventSorter, order: Uint32Array) {
    this.#sorter = sorter;
    this.#order = order;
    this.advance();
  }

  advance(): void {
    const at = this.#order[this.#next++];
    this.current = at === undefined ? undefined : this.#sorter.eventAt(at);
    if (at !== undefined) this.origins[0] = this.#sorter.originAt(at);
  }
}
