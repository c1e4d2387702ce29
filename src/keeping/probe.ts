import type { FileState } from '../jsonl/file-state.ts';

/** What a file is, by its content. Its name says nothing. */
export const KINDS = ['snapshot', 'managed', 'events'] as const;
export type Kind = (typeof KINDS)[number];

/** A regular file of the folder; a link is none. */
export interface FoundFile {
  readonly name: string;
  readonly path: string;
  /** As it was when it was found. */
  readonly state: FileState;
}

/** A backup that is to be looked at, with what lies beside it. */
export interface Candidate extends FoundFile {
  /** `NAME.receipt`, whatever it is. */
  readonly receipt: FoundFile | undefined;
}

/** When a backup was made, and who says so: never the file's own times, which copying changes. */
export interface KnownTime {
  readonly timeMs: number;
  /** `signature`: it is under one that verifies; `audit`: the newest audit event; `event`: the newest event. */
  readonly by: 'signature' | 'audit' | 'event';
}

/** What a look at a backup tells. */
export interface Probed {
  /**
   * Which history it belongs to: backups are weighed against others with the same text only. Of one without flaws it
   * is proven (a key that signed), or it is the series of all that prove nothing; of one with flaws it may be a claim.
   */
  readonly series: string;
  /** `undefined`: nothing in it tells. */
  readonly time: KnownTime | undefined;
  /** Why it does not verify; empty where it does. */
  readonly flaws: readonly string[];
}

/** A file that is no backup, and why. */
export interface NoBackup {
  readonly reason: string;
}

/**
 * Looks at backups of one kind. `probe` is called once for each, one at a time; it opens the file and closes it, changes
 * nothing, and leaves nothing behind. What is wrong with the backup is a flaw, not an error; a file that nothing shows to
 * be a backup is none, whatever is wrong with it: somebody's JSON or tar is not ours to judge. It throws what it could
 * not do its work for (`FILE_UNREADABLE`, `SQLITE_MISSING`), and the backup is then kept, or the signal's reason.
 */
export interface Probe {
  readonly kind: Kind;
  probe(file: Candidate, context: ProbeContext): Promise<Probed | NoBackup>;
}

export interface ProbeContext {
  /** Unix milliseconds: what claims to be from later proves nothing of when it was made. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}
