import { MeshBackupError } from '../errors.ts';
import { judgeAllFailed } from '../sync/all-failed.ts';
import { noPeers } from '../sync/no-peers.ts';
import { walkState, type WalkReport } from '../sync/walk-report.ts';
import type { DumpSummary } from './summary.ts';

/** What the user holds a dump to. */
export interface Demands {
  /** So many complete peers are enough; failures of others are then no failure of the dump. */
  readonly minPeers: number | undefined;
  /** These must be complete and proven, by what they call themselves; then failures of others do not count. */
  readonly requiredPeers: readonly string[];
  /** Quarantined events are a failure. */
  readonly strict: boolean;
}

/** Judges a dump: `undefined` when it is all that was asked for, else the error that gives the exit status. */
export function judgeDump(
  summary: DumpSummary,
  demands: Demands,
  signal: AbortSignal,
): MeshBackupError | undefined {
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    return reason instanceof MeshBackupError ? reason : new MeshBackupError('INTERRUPTED', 'Stopped.');
  }
  const { peers, events, before } = summary;
  if (peers.length === 0) return noPeers();
  if (peers.every((peer) => walkState(peer) === 'failed')) {
    return judgeAllFailed(
      peers.length,
      peers.flatMap(({ flaws }) => flaws.map(({ error }) => error)),
    );
  }
  const unmet = unmetDemand(peers, demands);
  if (unmet !== undefined) return new MeshBackupError('INCOMPLETE', unmet);
  const bad = events.misfit + events.hostile + (before?.moved ?? 0);
  if (demands.strict && bad > 0) return new MeshBackupError('QUARANTINED', `${bad} events do not verify.`);
  return undefined;
}

/** What was asked for and is not there; without demands that is every peer, complete. */
function unmetDemand(peers: readonly WalkReport[], { minPeers, requiredPeers }: Demands): string | undefined {
  const complete = peers.filter((peer) => walkState(peer) === 'complete');
  const proven = new Set(complete.filter((peer) => peer.proven).map((peer) => peer.claimedName));
  const absent = requiredPeers.filter((name) => !proven.has(name));
  if (absent.length > 0) return `Not complete and proven, though required: ${absent.join(', ')}.`;
  // Whoever proves the same key at two addresses is one peer.
  const distinct = new Set(
    complete.map(({ proven: isProven, publicKey, url }) => (isProven ? publicKey : url)),
  );
  if (minPeers !== undefined && distinct.size < minPeers) {
    return `${distinct.size} peers are complete, ${minPeers} were wanted.`;
  }
  if (minPeers !== undefined || requiredPeers.length > 0 || complete.length === peers.length)
    return undefined;
  return `${peers.length - complete.length} of ${peers.length} peers failed or are incomplete.`;
}
