/** What became of the lines: read = written + duplicate + quarantined. */
export interface CompactCounts {
  /** Lines that hold something, but for those that are too long to be read (`damage` speaks of them). */
  read: number;
  written: number;
  /** Copies of an event that is written once. */
  duplicate: number;
  /** Lines that may not stand in a backup. */
  quarantined: number;
  /** Those of `quarantined`, by what they are; with `keepMisfits` misfits are written, and counted here all the same. */
  broken: number;
  misfit: number;
  hostile: number;
  /** Not of `read`. */
  blank: number;
  /** Lines of events of services that nobody knows: they are written. */
  unknownService: number;
  /** Events of which a better copy displaced another. */
  better: number;
  /** Copies that lost although they say something else than the winner. */
  variants: number;
}

/** What was found in one input. */
export interface CompactInput {
  readonly file: string;
  readonly isCompressed: boolean;
  /** As they lie in the file. */
  readonly bytes: number;
  readonly lines: number;
  readonly quarantined: number;
  /** Why not all of it is in the output. */
  readonly damage: readonly string[];
}

/** What a compaction did. */
export interface CompactSummary {
  readonly lines: CompactCounts;
  readonly inputs: readonly CompactInput[];
  /** Bytes of the output, as they lie there and as the text that they are. */
  readonly output: { readonly bytes: number; readonly textBytes: number };
  readonly elapsedMs: number;
}
