import type { DecideOptions, Decision } from './decide.ts';
import type { LeftAlone, ListedFile } from './list-folder.ts';
import type { Probe } from './probe.ts';

export interface PlanOptions extends DecideOptions {
  /** At most one of each kind. Backups of a kind that nobody looks at are kept. */
  readonly probes: readonly Probe[];
  /** Backups of events go even where they hold events that no kept one has. */
  readonly forgetEvents?: boolean;
  /** Told before each file is looked at. */
  readonly onProbe?: (name: string, at: number, of: number) => void;
  readonly signal: AbortSignal;
}

/** A backup, and what is to become of it. */
export interface PlannedFile {
  readonly listed: ListedFile;
  readonly decision: Decision;
}

export interface PrunePlan {
  /** Absolute, links resolved. */
  readonly folder: string;
  /** Which folder that was. */
  readonly folderIdentity: string;
  /** By kind and series, the newest first, those without a time last. */
  readonly files: readonly PlannedFile[];
  /** No backups, by name. */
  readonly leftAlone: readonly LeftAlone[];
}

/** What was removed. */
export interface PruneOutcome {
  /** Names, in the order in which they went; receipts among them. */
  readonly removed: readonly string[];
  readonly bytes: number;
  /** Those that were to go and stayed, and why. */
  readonly stayed: readonly { readonly name: string; readonly reason: string }[];
}
