import { emptyDiffCounts, type DiffCounts } from './diff-counts.ts';

/** Counts by name. Files may hold as many names as somebody likes: what is too many is counted as one. */
export class BoundedTally {
  readonly rows = new Map<string, DiffCounts>();
  /** Of the names that had no room. */
  readonly rest = emptyDiffCounts();
  readonly #maxRows: number;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  add(name: string, outcome: keyof DiffCounts): void {
    let row = this.rows.get(name);
    if (row === undefined && this.rows.size < this.#maxRows) {
      this.rows.set(name, (row = emptyDiffCounts()));
    }
    (row ?? this.rest)[outcome]++;
  }
}
