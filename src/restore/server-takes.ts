import type { EventView } from '../event/event-view.ts';
import type { Checkpoint, Observation, Payload } from '../event/payload.ts';

const SOCIAL_TYPES = new Set(['tease', 'observed', 'gossip', 'observation', 'service']);
const ONLINE_STATES = new Set(['ONLINE', 'OFFLINE', 'MISSING']);
/** Servers refuse what was attested of this nara before it was counted right, in unix seconds. */
const MISCOUNTED = { subject: 'r2d2', untilSeconds: 1_768_774_453n };

/**
 * Whether a nara's import takes an event of a known service whose ID is new. What it does not take must not be sent:
 * the attempt alone can push out what the ledger holds. Source: specification, "Taken".
 */
export function serverTakes({ tsNs, payload }: EventView): boolean {
  return tsNs !== 0n && payload !== undefined && isComplete(payload);
}

function isComplete(payload: Payload): boolean {
  switch (payload.svc) {
    case 'social':
      return SOCIAL_TYPES.has(payload.type) && payload.actor !== '' && payload.target !== '';
    case 'ping':
      return payload.observer !== '' && payload.target !== '' && payload.rtt > 0;
    case 'observation':
      return payload.observer !== '' && payload.subject !== '' && isObservation(payload);
    case 'seen':
      return payload.observer !== '' && payload.subject !== '' && payload.via !== '';
    case 'hey-there':
      return payload.from !== '' && payload.publicKey !== '';
    case 'chau':
      return payload.from !== '';
    case 'checkpoint':
      return isCheckpoint(payload);
  }
}

function isObservation({ type, importance, startTime, restartNum, onlineState }: Observation): boolean {
  if (!['1', '2', '3'].includes(importance)) return false;
  switch (type) {
    case 'restart':
      return BigInt(startTime) > 0n && BigInt(restartNum) >= 0n;
    case 'first-seen':
      return BigInt(startTime) > 0n;
    case 'status-change':
      return ONLINE_STATES.has(onlineState);
    default:
      return false;
  }
}

function isCheckpoint(checkpoint: Checkpoint): boolean {
  const { subject, asOfTime, restarts, totalUptime, startTime, voterIds, signatures } = checkpoint;
  const isMiscounted = subject === MISCOUNTED.subject && BigInt(asOfTime) <= MISCOUNTED.untilSeconds;
  return (
    subject !== '' &&
    BigInt(asOfTime) > 0n &&
    [restarts, totalUptime, startTime].every((count) => !count.startsWith('-')) &&
    voterIds.length === signatures.length &&
    !isMiscounted
  );
}
