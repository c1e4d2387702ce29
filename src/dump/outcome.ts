import { ERROR_CODES, MeshBackupError, type ErrorCode } from '../errors.ts';
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
  if (peers.length === 0) {
    return new MeshBackupError('NO_PEERS', 'No peers to dump from.', {
      hint: 'Name them: --peer alice=http://100.64.0.1:7433, or --peers FILE.',
    });
  }
  if (peers.every((peer) => walkState(peer) === 'failed')) return judgeAllFailed(peers);
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
  if (minPeers !== undefined && complete.length < minPeers) {
    return `${complete.length} peers are complete, ${minPeers} were wanted.`;
  }
  if (minPeers !== undefined || requiredPeers.length > 0 || complete.length === peers.length)
    return undefined;
  return `${peers.length - complete.length} of ${peers.length} peers failed or are incomplete.`;
}

/** All silent: 14. All refuse our signature: 12. All refuse: 15. Anything else: 1. */
function judgeAllFailed(peers: readonly WalkReport[]): MeshBackupError {
  const errors = peers.flatMap(({ flaws }) => flaws.map(({ error }) => error));
  const alike = (codes: readonly ErrorCode[]): boolean => errors.every(({ code }) => codes.includes(code));
  const all = `All ${peers.length} peers failed`;
  const hint = errors[0]?.hint;
  const fields = hint === undefined ? {} : { hint };
  if (alike(['PEER_UNREACHABLE', 'PEER_SILENT'])) {
    return new MeshBackupError('PEER_SILENT', `${all}: none answered.`, {
      hint: 'Are they online? Is the address right?',
    });
  }
  if (alike(['PEER_UNREACHABLE', 'PEER_SILENT', 'PEER_TLS'])) {
    return new MeshBackupError('PEER_TLS', `${all}: no TLS with them.`, fields);
  }
  if (alike(['PEER_WRONG_SOUL'])) {
    return new MeshBackupError('PEER_WRONG_SOUL', 'Authentication failed: soul does not match', fields);
  }
  if (errors.every(({ code }) => [12, 15].includes(ERROR_CODES[code].exitStatus))) {
    return new MeshBackupError('PEER_REFUSED', `${all}: they refused us.`, fields);
  }
  return new MeshBackupError('NOTHING_FETCHED', `${all}.`);
}
