import type { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { timeSpan } from './time-span.ts';

/** Something that a peer did not give, and why. */
export interface Flaw {
  readonly error: MeshBackupError;
  /** Unix nanoseconds of the first and last event that can be missing; `undefined`: unknown, or to the end. */
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
}

/** What was asked and given. */
export interface Traffic {
  requests: number;
  /** Of bodies, cut and refused ones among them. */
  bytes: number;
  /** As given, overlaps and hostile ones among them. */
  events: number;
  /** Those of `events` that were given before, byte for byte, and were not passed on again. */
  repeats: number;
}

/** What came of `/api/checkpoints/all`. */
export interface CheckpointReport extends Traffic {
  /** Why not all of them were given. It makes no ledger incomplete: checkpoints stand in the ledger, too. */
  trouble: MeshBackupError | undefined;
}

/** What came of walking one peer; its traffic is that of the ledger. It grows during the walk and is good at every moment. */
export interface WalkReport extends Traffic {
  /** As the user calls the peer, else as it calls itself, else its host. */
  label: string;
  readonly url: string;
  /** The name that its answers are signed under, else the one of `/ping`; proves nothing unless `proven`. */
  claimedName: string | undefined;
  /** Standard Base64 of the key that it shows. */
  publicKey: string | undefined;
  /** Whether at least one answer was taken and all that were are signed by that key. */
  proven: boolean;
  firstTsNs: bigint | undefined;
  lastTsNs: bigint | undefined;
  /** Unix milliseconds: the peer was walked then and gave all; now it only proved its key. */
  takenFromMs: number | undefined;
  readonly checkpoints: CheckpointReport;
  readonly flaws: Flaw[];
  readonly warnings: string[];
  /** Trouble that cost nothing in the end. */
  readonly notes: string[];
}

const NO_TRAFFIC: Traffic = { requests: 0, bytes: 0, events: 0, repeats: 0 };

export function newReport(peer: PeerAddress): WalkReport {
  return {
    label: peer.name ?? peer.url.host,
    url: peer.url.href,
    claimedName: undefined,
    publicKey: peer.publicKey?.text,
    proven: false,
    ...NO_TRAFFIC,
    firstTsNs: undefined,
    lastTsNs: undefined,
    takenFromMs: undefined,
    checkpoints: { ...NO_TRAFFIC, trouble: undefined },
    flaws: [],
    warnings: [],
    notes: [],
  };
}

/** Counts events of the ledger as they were given; `repeats` of them are not passed on. */
export function countEvents(report: WalkReport, events: readonly EventView[], repeats = 0): void {
  report.events += events.length;
  report.repeats += repeats;
  const span = timeSpan(events);
  if (span === undefined) return;
  const { firstTsNs = span.oldestNs, lastTsNs = span.newestNs } = report;
  report.firstTsNs = span.oldestNs < firstTsNs ? span.oldestNs : firstTsNs;
  report.lastTsNs = span.newestNs > lastTsNs ? span.newestNs : lastTsNs;
}

/** Warns once, however often the same is seen. */
export function warn(report: WalkReport, warning: string): void {
  if (!report.warnings.includes(warning)) report.warnings.push(warning);
}

/** `complete`: the whole ledger (within the filters) was given; `failed`: nothing was, and something went wrong. */
export type WalkState = 'complete' | 'incomplete' | 'failed';

export function walkState(report: WalkReport): WalkState {
  if (report.flaws.length === 0) return 'complete';
  return report.events === 0 ? 'failed' : 'incomplete';
}
