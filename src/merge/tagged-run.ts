import { deferEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';
import { LENGTH_BYTES, RecordStore } from './record-store.ts';
import type { Run, RunOrigin, RunReader } from './run.ts';
import type { Spool } from './spool.ts';

/** A record, behind its length: number of origins (uint32), the event's `ts` (int64), the origins (uint32), the event. */
const HEAD_BYTES = LENGTH_BYTES + 12;
const ORIGIN_BYTES = 4;

/** Origins by number, the same for all tagged runs of a pool. */
export interface OriginList {
  readonly all: readonly RunOrigin[];
  numberOf(origin: RunOrigin): number;
}

/** A run of events in a spool, each with all who gave it. Events are written in the order of runs, then read. */
export class TaggedRun implements Run {
  readonly origins: OriginList;
  readonly #records: RecordStore;

  constructor(spool: Spool, origins: OriginList) {
    this.#records = new RecordStore(() => spool);
    this.origins = origins;
  }

  /** An origin stands in the list as often as it gave the event. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  write({ source, start, end, tsNs }: EventView, origins: readonly RunOrigin[]): void {
    const length = HEAD_BYTES + origins.length * ORIGIN_BYTES + end - start;
    const { block, at: begin } = this.#records.begin(length);
    let at = block.writeUInt32LE(origins.length, begin);
    at = block.writeBigInt64LE(tsNs, at);
    for (const origin of origins) at = block.writeUInt32LE(this.origins.numberOf(origin), at);
    source.copy(block, at, start, end);
  }

  /** Hands what was written to the spool; to be called before it is read. Throws as `write` does. */
  flush(): void {
    this.#records.flush();
  }

  open(): RunReader {
    return new TaggedRunReader(this);
  }

  /** Blocks of whole records. */
  blocks(): Iterator<Buffer, void> {
    return this.#records.blocks();
  }
}

class TaggedRunReader implements RunReader {
  current: EventView | undefined;
  readonly origins: RunOrigin[] = [];
  readonly #list: OriginList;
  readonly #blocks: Iterator<Buffer, void>;
  #scanner = new EventScanner(Buffer.alloc(0));
  #at = 0;

  constructor(run: TaggedRun) {
    this.#list = run.origins;
    this.#blocks = run.blocks();
    this.advance();
  }

  advance(): void {
    if (this.#at >= this.#scanner.bytes.length && !this.#nextBlock()) {
      this.current = undefined;
      return;
    }
    const { bytes } = this.#scanner;
    const length = bytes.readUInt32LE(this.#at);
    const count = bytes.readUInt32LE(this.#at + 4);
    const tsNs = bytes.readBigInt64LE(this.#at + 8);
    let at = this.#at + HEAD_BYTES;
    this.origins.length = 0;
    for (let left = count; left > 0; left--, at += ORIGIN_BYTES) {
      this.origins.push(this.#list.all[bytes.readUInt32LE(at)]!);
    }
    this.#at += length;
    this.current = deferEvent(this.#scanner, at, this.#at, tsNs);
  }

  #nextBlock(): boolean {
    const next = this.#blocks.next();
    if (next.done === true) return false;
    this.#scanner = new EventScanner(next.value);
    this.#at = 0;
    return true;
  }
}
