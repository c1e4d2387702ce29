import type { BoundedTally } from './bounded-tally.ts';
import type { DiffCounts } from './diff-counts.ts';

/** One of the two backups. */
export interface DiffInput {
  readonly file: string;
  /** Lines that hold an event, copies among them. */
  readonly events: number;
  /** Lines that hold none, but for blank ones and those that are too long to be read. */
  readonly broken: number;
  /** Events that the filter left out. */
  readonly filtered: number;
  /** Why not all of it was compared. */
  readonly damage: readonly string[];
}

/** How two backups differ. */
export interface DiffSummary {
  readonly a: DiffInput;
  readonly b: DiffInput;
  readonly events: DiffCounts;
  /** Lines that hold no event, by their bytes. */
  readonly broken: DiffCounts;
  /** Of broken lines so many were too many to be compared. */
  readonly uncompared: number;
  readonly byService: BoundedTally;
  /** By month of `ts` in UTC, as `2026-01`. */
  readonly byMonth: BoundedTally;
  readonly elapsedMs: number;
}
