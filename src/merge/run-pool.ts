import { tmpdir } from 'node:os';
import { EventMemo } from '../event/event-memo.ts';
import type { EventView } from '../event/event-view.ts';
import { EventSorter } from './event-sorter.ts';
import { pour } from './pour.ts';
import { RunBuilder } from './run-builder.ts';
import type { Run, RunOrigin } from './run.ts';
import { Spool } from './spool.ts';
import { TaggedRun, type OriginList } from './tagged-run.ts';

export interface RunPoolOptions {
  /** Memory for the events of all runs together; what is more goes to a temporary file. Default 32 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Where that file lies. Default: the system's place for such things (TMPDIR). */
  readonly folder?: string | undefined;
  /** Its name for the moment that it has one, if the caller holds it by a lock; else one that nobody else has. */
  readonly heldName?: string | undefined;
  /** Few are copies of one another: what files hold is sorted without a look for those. */
  readonly isLean?: boolean | undefined;
}

export const DEFAULT_MEMORY_BYTES = 32 * 1024 * 1024;

/** What a run costs for each of its events, which may be another's as well. */
const REFERENCE_BYTES = 8;
/** Of the budget; the rest is for what is made on the way. */
const SORTER_SHARE = 0.75;

/**
 * Where runs live until they are merged: in memory up to a budget, beyond it in one private temporary file. What is in
 * memory goes there as one run, in which an event stands once, whoever gave it.
 */
export class RunPool {
  readonly memo = new EventMemo();
  readonly #options: RunPoolOptions;
  readonly #builders: RunBuilder[] = [];
  readonly #spilled: Run[] = [];
  readonly #origins = new NumberedOrigins();
  readonly #sorter = new EventSorter();
  #references = 0;
  #spool: Spool | undefined;

  constructor(options: RunPoolOptions = {}) {
    this.#options = options;
  }

  /** A builder of runs that this origin gave. The origin is looked at when the runs are read, not before. */
  builder(origin: RunOrigin): RunBuilder {
    const builder = new RunBuilder(origin, (event) => this.#keep(event));
    this.#builders.push(builder);
    return builder;
  }

  /** Where a file's events go, in any order: into a builder, or all of them into one sorter. */
  collector(origin: RunOrigin): { add(event: EventView): void } {
    if (this.#options.isLean !== true) return this.builder(origin);
    return {
      add: (event) => {
        this.#sorter.add(event, origin);
      },
    };
  }

  /**
   * Moves what is in memory into the file, if it is too much; to be called with each answer or so. Views that the memo
   * gave stay good until that has happened twice. Throws `NO_ROOM`, `TEMPORARY_FILE`.
   */
  relieve(): void {
    const limit = this.#options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
    if (this.#sorter.bytes > limit * SORTER_SHARE) {
      this.#spill([this.#sorter]);
      this.#sorter.clear();
    }
    // What was moved last rests in memory, too.
    if (2 * this.memo.bytes + this.#references * REFERENCE_BYTES <= limit) return;
    this.#spill(this.#takeAll());
    this.memo.turn();
  }

  /** All runs that builders collected; after it they are used up. */
  finish(): readonly Run[] {
    return [...this.#spilled, ...this.#takeAll(), ...(this.#sorter.size > 0 ? [this.#sorter] : [])];
  }

  /** An empty run in the file, which is made when it is first needed. Throws `TEMPORARY_FILE`. */
  taggedRun(): TaggedRun {
    const { folder = tmpdir(), heldName } = this.#options;
    this.#spool ??= new Spool(folder, undefined, heldName);
    return new TaggedRun(this.#spool, this.#origins);
  }

  /** Ends all runs of the pool. */
  close(): void {
    this.#spool?.close();
    this.#spool = undefined;
  }

  #spill(runs: readonly Run[]): void {
    if (runs.length === 0) return;
    const spilled = this.taggedRun();
    const pouring = pour(runs, spilled);
    while (pouring.next().done !== true);
    this.#spilled.push(spilled);
  }

  #keep(event: EventView): EventView {
    this.#references++;
    return this.memo.remember(event);
  }

  #takeAll(): Run[] {
    this.#references = 0;
    return this.#builders.filter(({ size }) => size > 0).map((builder) => builder.take());
  }
}

class NumberedOrigins implements OriginList {
  readonly all: RunOrigin[] = [];
  readonly #numbers = new Map<RunOrigin, number>();

  numberOf(origin: RunOrigin): number {
    let number = this.#numbers.get(origin);
    if (number === undefined) this.#numbers.set(origin, (number = this.all.push(origin) - 1));
    return number;
  }
}
