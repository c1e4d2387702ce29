import type { EventView } from '../event/event-view.ts';
import { compareEvents } from './order.ts';
import { sortRecords, viewRecord, type EventRecord } from './record.ts';
import type { Run } from './run.ts';
import type { Segment } from './segment.ts';

/** What a builder needs of its pool. */
export interface BuilderPool {
  /** Keeps the event in memory; may settle and spill all that is in memory before. */
  keep(event: EventView): EventRecord;
  newSegment(): Segment;
}

/**
 * Collects the copies that one origin gave, in any order, and sorts them. A walk in order makes one run, however long;
 * where the order breaks between two stretches that were settled, another run begins.
 */
export class RunBuilder {
  readonly #pool: BuilderPool;
  readonly #segments: Segment[] = [];
  #records: EventRecord[] = [];
  #isInOrder = true;
  /** Last of what was settled. */
  #last: EventView | undefined;

  constructor(pool: BuilderPool) {
    this.#pool = pool;
  }

  /** Throws what spilling throws: `NO_ROOM`, `TEMPORARY_FILE`. */
  add(event: EventView): void {
    const record = this.#pool.keep(event);
    const before = this.#records.at(-1);
    // Those of one time may still be out of order: settling looks at them.
    if (before !== undefined && record.tsNs <= before.tsNs) this.#isInOrder = false;
    this.#records.push(record);
  }

  /** Sorts what was added since the last time and puts it behind the segment that it continues. */
  settle(): void {
    const records = this.#records;
    if (records.length === 0) return;
    if (!this.#isInOrder) sortRecords(records);
    const first = viewRecord(records[0]!);
    if (this.#last === undefined || compareEvents(this.#last, first) > 0) {
      this.#segments.push(this.#pool.newSegment());
    }
    this.#last = viewRecord(records.at(-1)!);
    this.#segments.at(-1)!.addTail(records);
    this.#records = [];
    this.#isInOrder = true;
  }

  /** The runs that were collected; the builder is used up after it. */
  finish(): readonly Run[] {
    this.settle();
    return this.#segments;
  }
}
