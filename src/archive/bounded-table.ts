import { DistinctSketch } from './distinct-sketch.ts';

/** What a table counts under one key. */
export interface Row<R> {
  events: number;
  /** At most so many events of the key are not counted here: they came before the row was made (again). */
  missing: number;
  /** Adds what another row counted. */
  absorb(other: R): void;
}

/** A table as it stands at the end. */
export interface TableContent<R> {
  /** Largest first, then by key. */
  readonly rows: readonly R[];
  /** What was counted under keys that had to leave, in one row. */
  readonly rest: R;
  /** How many keys there were: exact as long as none had to leave, else within some 10 %. */
  readonly keys: number;
  /** No key that is not among the rows has more events than this: 0 when all of them are. */
  readonly bound: number;
}

/**
 * Counts under keys in memory that has a bound, however many keys there are. Exact as long as they fit. When they do not,
 * the smaller half leaves for the rest; what a key may have lost is known: at most 2 × events / capacity, so that one with
 * more than that is always here. (Misra and Gries, with the median of the counters taken off at once.)
 */
export class BoundedTable<R extends Row<R>> {
  readonly #capacity: number;
  readonly #rest: R;
  readonly #rows = new Map<string | number, R>();
  readonly #keys = new DistinctSketch();
  #bound = 0;
  #lastKey: string | number | undefined;
  #lastRow: R | undefined;

  /** `rest` is an empty row. */
  constructor(capacity: number, rest: R) {
    this.#capacity = capacity;
    this.#rest = rest;
  }

  /** Whether every key has a row and every row has all. */
  get isExact(): boolean {
    return this.#bound === 0;
  }

  /** The row of a key; whoever gets it counts an event in it, at once. */
  find(key: string | number): R | undefined {
    if (key !== this.#lastKey) {
      this.#lastRow = this.#rows.get(key);
      this.#lastKey = key;
    }
    return this.#lastRow;
  }

  /** As `find`, for a key that has no row: this one is its row from now on. */
  admit(key: string | number, row: R): R {
    if (this.#rows.size >= this.#capacity) this.#prune();
    row.missing = this.#bound;
    this.#rows.set(key, row);
    this.#keys.add(`${key}`);
    this.#lastKey = key;
    this.#lastRow = row;
    return row;
  }

  content(): TableContent<R> {
    const rows = this.entries()
      .toSorted(([a, x], [b, y]) => y.events - x.events || (a < b ? -1 : 1))
      .map(([, row]) => row);
    const keys = this.isExact ? rows.length : Math.max(rows.length, this.#keys.estimate());
    return { rows, rest: this.#rest, keys, bound: this.#bound };
  }

  entries(): [string | number, R][] {
    return [...this.#rows];
  }

  #prune(): void {
    const mosts = Float64Array.from(this.#rows.values(), mostOf).sort();
    this.#bound = mosts[(mosts.length - 1) >> 1]!;
    for (const [key, row] of this.#rows) {
      if (mostOf(row) > this.#bound) continue;
      this.#rest.absorb(row);
      this.#rows.delete(key);
    }
  }
}

function mostOf<R>({ events, missing }: Row<R>): number {
  return events + missing;
}
