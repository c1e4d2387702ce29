import { formatRtt } from './rtt.ts';
import type { Checkpoint, Payload } from './payload.ts';

/**
 * The content string of a payload: what its event's ID and signature cover. It leaves fields out and joins the rest
 * with a bare `:`. Source: specification, the table of "Event".
 */
export function contentString(payload: Payload): string {
  switch (payload.svc) {
    case 'social':
      return `${payload.type}:${payload.actor}:${payload.target}:${payload.reason}:${payload.witness}`;
    case 'ping':
      return `${payload.observer}:${payload.target}:${formatRtt(payload.rtt)}`;
    case 'observation':
      return payload.type === 'restart'
        ? `${payload.subject}:restart:${payload.restartNum}:${payload.startTime}`
        : `${payload.observer}:${payload.subject}:${payload.type}:${payload.onlineState}:${payload.startTime}:${payload.restartNum}`;
    case 'hey-there':
      return `hey_there:${payload.from}:${payload.publicKey}:${payload.meshIp}`;
    case 'chau':
      return `chau:${payload.from}:${payload.publicKey}`;
    case 'seen':
      return `seen:${payload.observer}:${payload.subject}:${payload.via}`;
    case 'checkpoint':
      return checkpointContent(payload);
  }
}

function checkpointContent(checkpoint: Checkpoint): string {
  const { subject, subjectId, asOfTime, startTime, restarts, totalUptime, previousCheckpointId } = checkpoint;
  const claim = `${subjectId || subject}:${asOfTime}:${startTime}:${restarts}:${totalUptime}`;
  return hasChain(checkpoint) ? `checkpoint:v2:${claim}:${previousCheckpointId}` : `checkpoint:${claim}`;
}

/** From version 2 on a checkpoint names its predecessor. */
export function hasChain({ version }: Pick<Checkpoint, 'version'>): boolean {
  return BigInt(version) >= 2n;
}
