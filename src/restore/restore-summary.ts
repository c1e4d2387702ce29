import { MeshBackupError } from '../errors.ts';
import type { HostileReason } from '../event/hostile-reason.ts';
import type { Allotment } from './allotment.ts';
import type { MissingReason } from './confirm.ts';
import type { Gathered } from './gather-candidates.ts';
import type { InputContent } from './read-input.ts';
import type { Sending } from './sending.ts';
import type { Shares } from './shares.ts';
import { addStay, totalStay, type StayCounts } from './stay-reason.ts';
import { sumOf } from './sum-of.ts';

/** What became of a restore. */
export interface RestoreSummary {
  readonly url: string;
  /** The nara's name; `undefined`: not told. */
  readonly name: string | undefined;
  readonly input: {
    readonly lines: { readonly events: number; readonly blank: number; readonly broken: number };
    readonly hostile: ReadonlyMap<HostileReason, number>;
    /** Why files could not be read whole. */
    readonly damage: readonly string[];
  };
  /** Copies of one event, all but one of each. */
  readonly duplicates: number;
  /** Events that are not sent, each for one reason. Lines = duplicates + staying + to go. */
  readonly stay: StayCounts;
  readonly toGo: {
    readonly events: number;
  } & Shares;
  readonly target: {
    /** Events that it held before; `undefined`: nobody looked. */
    readonly held: number | undefined;
    readonly capacity: number | undefined;
    /** Of events that go; what is more falls out sooner or later. */
    readonly overCapacity: number;
    readonly savedTo: string | undefined;
  };
  readonly sent: {
    readonly requests: number;
    readonly batches: number;
    readonly bytes: number;
    readonly delivered: number;
    readonly imported: number;
    readonly duplicates: number;
    readonly warnings: number;
    readonly foundUnanswered: number;
    readonly rejects: readonly { readonly id: string; readonly reason: string }[];
  };
  /** What was seen there afterwards; `undefined`: nobody looked. */
  readonly confirmed:
    | {
        readonly there: number;
        readonly missing: ReadonlyMap<MissingReason, number>;
        /** Some of the missing, by ID. */
        readonly examples: readonly { readonly id: string; readonly reason: MissingReason }[];
        /** Sent once more after a later look. */
        readonly resent: number;
      }
    | undefined;
  /** Events in the ledger afterwards, as its inspector counts them. */
  readonly total: number | undefined;
  /** Whether all that was to go went, but for what was rejected. */
  readonly isSent: boolean;
  /** What ended the sending before its end, or the look afterwards. */
  readonly trouble: MeshBackupError | undefined;
  readonly isDryRun: boolean;
  readonly elapsedMs: number;
}

export interface RestoreParts {
  readonly url: string;
  readonly name: string | undefined;
  readonly input: InputContent;
  readonly gathered: Gathered;
  readonly allotment: Allotment;
  readonly shares: Shares;
  readonly target: Omit<RestoreSummary['target'], 'overCapacity'>;
  readonly sending: Sending;
  readonly total: number | undefined;
  readonly isDryRun: boolean;
  readonly elapsedMs: number;
}

/** Throws `INTERNAL` where not every line is accounted for: nothing is lost in silence. */
export function summarize(parts: RestoreParts): RestoreSummary {
  const { url, name, input, gathered, allotment, shares, target, sending, ...rest } = parts;
  const { confirmation, tally, resent, trouble, isSent } = sending;
  const hostile = sumOf(input.hostile.values());
  const stay = addStay({ hostile, misfit: input.misfits }, gathered.stay, allotment.stay);
  const accounted = gathered.duplicates + totalStay(stay) + allotment.size;
  if (input.events !== accounted) {
    throw new MeshBackupError('INTERNAL', `${input.events} events read, ${accounted} accounted for`);
  }
  const { held = 0, capacity = Infinity } = target;
  return {
    url,
    name,
    input: {
      lines: { events: input.events, blank: input.blankLines, broken: input.brokenLines },
      hostile: input.hostile,
      damage: input.damage,
    },
    duplicates: gathered.duplicates,
    stay,
    toGo: { events: allotment.size, ...shares },
    target: {
      ...target,
      overCapacity: allotment.size > 0 ? Math.max(0, held + allotment.size - capacity) : 0,
    },
    sent: { ...tally },
    confirmed: confirmation && { ...confirmation, resent },
    isSent,
    trouble,
    ...rest,
  };
}
