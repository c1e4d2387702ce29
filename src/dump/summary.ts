import { walkState, type WalkReport } from '../sync/walk-report.ts';
import type { Measured } from '../receipt/meter.ts';

/** What became of the events that peers gave, and of those that the backup held. */
export interface EventCounts {
  /** All copies: read = written + duplicate + quarantined + filtered. */
  read: number;
  /** Those of `read` that the backup held, and those that runs which were cut short had fetched; peers gave the rest. */
  fromBackup: number;
  fromEarlierRuns: number;
  written: number;
  /** Those of `written` that the backup did not hold in any copy. */
  added: number;
  /** Copies of an event that is written once, or that the file of `-ids-from` holds. */
  duplicate: number;
  /** Misfits and hostile events that are not written. */
  quarantined: number;
  /** Left out by `--since --until --svc --nara`. */
  filtered: number;
  /** Events of which a better copy displaced another. */
  better: number;
  /** Copies that lost although they say something else than the winner. */
  variants: number;
  /** Copies by what is known of them; notes that do not add up to anything. */
  misfit: number;
  hostile: number;
  unknownService: number;
  ambiguous: number;
  future: number;
}

/** Events that one peer gave and that are not what they claim to be. */
export interface Suspects {
  readonly peer: string;
  readonly class: 'misfit' | 'hostile';
  readonly reason: string;
  count: number;
}

/** What was kept of provably false copies. */
export interface EvidenceCounts {
  /** Files that were written. */
  files: number;
  /** False copies that no file names: there was enough of that key, or too much in all. */
  leftOut: number;
  /** Some are left out because the run had written enough, of whatever keys. */
  isFull: boolean;
}

/** What a dump did. Failure has the shape of success, plus reasons (in each peer's flaws). */
export interface DumpSummary {
  readonly peers: readonly WalkReport[];
  readonly events: EventCounts;
  /** Who gave misfits and hostile events, and why they are such. */
  readonly suspects: readonly Suspects[];
  /** `undefined` where it was not asked for. */
  readonly evidence: EvidenceCounts | undefined;
  readonly output: Measured;
  /** The backup that was there; `undefined`: none. */
  readonly before: PriorSummary | undefined;
  /** Lines that runs which were cut short left, and that hold no event. */
  readonly leftDamaged: number;
  /** Unix milliseconds. */
  readonly startedMs: number;
  readonly elapsedMs: number;
}

/** What was found in the backup that was there before the dump. */
export interface PriorSummary extends Measured {
  /** Lines that may not stand in a backup and went to the quarantine. */
  readonly moved: number;
  /** Lines of the file of `-ids-from` that hold no proven event. */
  readonly damaged: number;
  /** Why not all of it could be read as lines. */
  readonly trouble: readonly string[];
}

/** Whether peers gave anything, to this run or to one that was cut short; if not, a backup that is there is left alone. */
export function gaveAnything({ peers, events }: DumpSummary): boolean {
  const isWhole = peers.length > 0 && peers.every((peer) => walkState(peer) === 'complete');
  return isWhole || events.read > events.fromBackup;
}
