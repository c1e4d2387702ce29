import type { WireObject } from './go-json.ts';
import type { Signer } from './event-maker.ts';

/** What voters agree on about a subject. Times in unix seconds, uptime in seconds. */
export interface CheckpointClaim {
  readonly version: number;
  readonly subject: string;
  readonly subjectId: string;
  /** From version 2 on. */
  readonly previousCheckpointId?: string;
  readonly restarts: number;
  readonly totalUptime: number;
  readonly startTime: number;
  readonly asOfTime: number;
  readonly round: number;
}

/**
 * The wire form of a checkpoint that these voters sign; signature i is voter i's.
 * Source: specification, the attestation strings below the table of "Event".
 */
export function makeCheckpoint(claim: CheckpointClaim, voters: readonly Signer[]): WireObject {
  return {
    version: claim.version,
    subject: claim.subject,
    subject_id: claim.subjectId,
    previous_checkpoint_id: claim.previousCheckpointId,
    observation: { restarts: claim.restarts, total_uptime: claim.totalUptime, start_time: claim.startTime },
    as_of_time: claim.asOfTime,
    round: claim.round,
    ...(voters.length > 0 && {
      voter_ids: voters.map((voter) => voter.naraId),
      signatures: voters.map((voter) => voter.sign(Buffer.from(attestation(claim, voter.naraId)))),
    }),
  };
}

/** Written a second time on purpose: the client's own is held against this one. */
function attestation(claim: CheckpointClaim, voterId: string): string {
  const { version, subjectId, asOfTime, restarts, totalUptime, startTime } = claim;
  const chain = version >= 2 ? `:${claim.previousCheckpointId ?? ''}` : '';
  const agreed = `${voterId}:${subjectId}:${asOfTime}:${restarts}:${totalUptime}:${startTime}`;
  return `attestation:v${Math.max(version, 1)}:${agreed}${chain}`;
}
