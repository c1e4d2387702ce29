import type { EventView } from './event-view.ts';
import type { KeyRing } from './keyring.ts';
import { actorOf, countVoters, ENOUGH_VOTERS, verifyEventSignature, type VoterKeys } from './signature.ts';

/** Whether who speaks in the content said it: signed by that very nara, or attested by voters. */
export function isOriginProven(event: EventView, ring: KeyRing): boolean {
  const { payload } = event;
  const keys = withoutContested(ring);
  if (payload === undefined) return false;
  if (payload.svc === 'checkpoint') return countVoters(payload, keys) >= ENOUGH_VOTERS;
  return actorOf(payload) === event.emitter && verifyEventSignature(event, keys);
}

/** Where several keys are known and nobody vouches for one, none proves anything. */
export function withoutContested(ring: KeyRing): VoterKeys {
  return {
    isPinnedId: (id) => ring.isPinnedId(id),
    keysOfName: (name) => (ring.isContested(name) ? [] : ring.keysOfName(name)),
    keysOfId: (id) => (ring.isContestedId(id) ? [] : ring.keysOfId(id)),
  };
}
