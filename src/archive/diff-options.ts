import type { EventFilter } from '../event/filter.ts';
import type { EventView } from '../event/event-view.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import type { DiffKind } from './diff-counts.ts';

/** A line in which two backups differ. */
export interface DiffLine {
  readonly kind: DiffKind;
  /** Who has this copy; of what changed, a copy that both have is not told of. */
  readonly side: 'a' | 'b';
  /** `undefined`: it holds none. */
  readonly event: EventView | undefined;
  /** Without a line feed; shared, and good until the call ends. */
  readonly bytes: Buffer;
}

export interface DiffOptions {
  /** Closed by whoever opened them, afterwards. */
  readonly a: LineFile;
  readonly b: LineFile;
  /** Which events are compared. */
  readonly filter: EventFilter;
  /** For what waits for the merge, of both together. Default `DIFF_MEMORY_BYTES`. */
  readonly memoryBytes?: number | undefined;
  /** Which lines `onLine` is told of: events in the order of a backup (of what changed, A's copies first), then broken ones. */
  readonly wanted: ReadonlySet<DiffKind>;
  readonly onLine?: ((line: DiffLine) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
  /** Called again and again: lines and bytes (as they lie in the files) so far. */
  readonly onRead?: ((lines: number, bytes: number) => void) | undefined;
}

export const DIFF_MEMORY_BYTES = 128 * 1024 * 1024;
