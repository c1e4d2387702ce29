import type { WireObject } from './go-json.ts';
import { textOf, type HeldEvent } from './held-event.ts';

const SOCIAL_TYPES = ['tease', 'observed', 'gossip', 'observation', 'service'];
const ONLINE_STATES = ['ONLINE', 'OFFLINE', 'MISSING'];
/** Up to then checkpoints about this nara were wrong, so servers take none. */
const FILTERED_SUBJECT = 'r2d2';
const FILTERED_UNTIL = 1_768_774_453n;

/**
 * Whether a server takes an event that it does not hold yet. It looks neither at the ID nor at any signature.
 * Source: specification, "What a nara does to history" ("Taken").
 */
export function isTaken({ event, payload }: HeldEvent): boolean {
  if (payload === undefined || event.tsNs === 0n) return false;
  const has = (...fields: string[]): boolean => fields.every((field) => textOf(payload, field) !== '');
  switch (event.svc) {
    case 'social':
      return SOCIAL_TYPES.includes(textOf(payload, 'type')) && has('actor', 'target');
    case 'ping':
      return has('observer', 'target') && Number(payload['rtt'] ?? 0) > 0;
    case 'observation':
      return has('observer', 'subject') && isGoodObservation(payload);
    case 'seen':
      return has('observer', 'subject', 'via');
    case 'hey-there':
      return has('From', 'PublicKey');
    case 'chau':
      return has('From');
    case 'checkpoint':
      return has('subject') && isGoodCheckpoint(payload);
    default:
      return false;
  }
}

function isGoodObservation(payload: WireObject): boolean {
  const importance = integerOf(payload, 'importance');
  if (importance < 1n || importance > 3n) return false;
  switch (textOf(payload, 'type')) {
    case 'restart':
      return integerOf(payload, 'start_time') > 0n && integerOf(payload, 'restart_num') >= 0n;
    case 'first-seen':
      return integerOf(payload, 'start_time') > 0n;
    case 'status-change':
      return ONLINE_STATES.includes(textOf(payload, 'online_state'));
    default:
      return false;
  }
}

function isGoodCheckpoint(payload: WireObject): boolean {
  const asOf = integerOf(payload, 'as_of_time');
  const observation = (payload['observation'] ?? {}) as WireObject;
  const counts = ['restarts', 'total_uptime', 'start_time'].map((field) => integerOf(observation, field));
  const isFiltered = textOf(payload, 'subject') === FILTERED_SUBJECT && asOf <= FILTERED_UNTIL;
  return (
    asOf > 0n &&
    counts.every((count) => count >= 0n) &&
    lengthOf(payload, 'voter_ids') === lengthOf(payload, 'signatures') &&
    !isFiltered
  );
}

function integerOf(wire: WireObject, field: string): bigint {
  const value = wire[field];
  return typeof value === 'bigint' ? value : 0n;
}

function lengthOf(wire: WireObject, field: string): number {
  const value = wire[field];
  return Array.isArray(value) ? value.length : 0;
}
