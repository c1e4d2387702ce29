import type { WalkReport } from '../sync/walk-report.ts';

/** What became of the events that peers gave. */
export interface EventCounts {
  /** As peers gave them: read = written + duplicate + quarantined + filtered. */
  read: number;
  written: number;
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

/** What a dump did. Failure has the shape of success, plus reasons (in each peer's flaws). */
export interface DumpSummary {
  readonly peers: readonly WalkReport[];
  readonly events: EventCounts;
  /** Who gave misfits and hostile events, and why they are such. */
  readonly suspects: readonly Suspects[];
  /** Bytes written, line ends among them. */
  readonly bytesWritten: number;
  readonly elapsedMs: number;
  /** Lines of the file of `-ids-from` that hold no proven event. */
  readonly knownDamaged: number;
}
