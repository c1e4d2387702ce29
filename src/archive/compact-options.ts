import type { PinnedKey } from '../event/key-list.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import type { RecordSink } from '../jsonl/record-sink.ts';

/** Where a compacted backup goes. */
export interface CompactDestination {
  /** Compress what is written. */
  readonly gzip: boolean;
  /**
   * Where the private file lies that holds what has no room in memory, under a name that is held by a lock. Default: the
   * system's place (TMPDIR).
   */
  readonly spill?: { readonly folder: string; readonly heldName: string } | undefined;
  /** Takes bytes, in order; called again when it has resolved. */
  write(bytes: Buffer): Promise<void>;
}

/** What a compaction tells while it runs. */
export interface CompactObserver {
  /** Called again and again while the inputs are read: lines and bytes (as they lie in the files) so far. */
  read?(lines: number, bytes: number): void;
  /** All is read. */
  merging?(): void;
  /** Called for each batch: events and bytes of text. */
  written?(events: number, bytes: number): void;
}

export interface CompactOptions {
  /** Closed by whoever opened them, afterwards. Their order decides nothing. */
  readonly inputs: readonly LineFile[];
  readonly destination: CompactDestination;
  /** Keys that the operator vouches for, beside those that the inputs' own greetings teach. */
  readonly pinnedKeys: readonly PinnedKey[];
  /** Let events whose ID does not fit stand. */
  readonly keepMisfits: boolean;
  /** For what waits for the merge, all in all. Default `COMPACT_MEMORY_BYTES`. */
  readonly memoryBytes?: number | undefined;
  /** For lines that may not stand in a backup. */
  readonly quarantine?: RecordSink | undefined;
  /** For copies that lost although they say something else than the winner. */
  readonly variants?: RecordSink | undefined;
  readonly signal: AbortSignal;
  readonly observer?: CompactObserver | undefined;
}

export const COMPACT_MEMORY_BYTES = 256 * 1024 * 1024;
