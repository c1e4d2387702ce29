import type { MeshBackupError } from '../errors.ts';

/** Something that a peer did not give, and why. */
export interface Flaw {
  readonly error: MeshBackupError;
  /** Unix nanoseconds of the first and last event that can be missing; `undefined`: unknown, or to the end. */
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
}

/** What came of walking one peer. It grows during the walk and is good at every moment. */
export interface WalkReport {
  /** As the user calls the peer, else as it calls itself, else its host. */
  label: string;
  readonly url: string;
  /** The name that its answers are signed under, else the one of `/ping`; proves nothing unless `proven`. */
  claimedName: string | undefined;
  /** Standard Base64 of the key that it shows. */
  publicKey: string | undefined;
  /** Whether at least one answer was taken and all that were are signed by that key. */
  proven: boolean;
  requests: number;
  /** Of bodies of sync answers, cut and refused ones among them. */
  bytes: number;
  /** As given, overlaps of pages and hostile ones among them. */
  events: number;
  firstTsNs: bigint | undefined;
  lastTsNs: bigint | undefined;
  readonly flaws: Flaw[];
  readonly warnings: string[];
}

/** `complete`: the whole ledger (within the filters) was given; `failed`: nothing was, and something went wrong. */
export type WalkState = 'complete' | 'incomplete' | 'failed';

export function walkState(report: WalkReport): WalkState {
  if (report.flaws.length === 0) return 'complete';
  return report.events === 0 ? 'failed' : 'incomplete';
}
