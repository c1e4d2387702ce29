import type { EventView } from './event-view.ts';
import type { KeyRing } from './keyring.ts';
import { isSigned, verifyEventSignature } from './signature.ts';

/** What an event's signature is worth; `open`: nobody can tell, for want of a key or because there are too many. */
export type Standing = 'true' | 'open' | 'false' | 'none';

/**
 * Where several keys are known for the emitter and nobody vouches for one, a signature under any of them proves little:
 * anybody can greet with a name and a key. It is false only if all keys that were heard of have been tried.
 */
export function standingOf(event: EventView, ring: KeyRing): Standing {
  if (!isSigned(event)) return 'none';
  const { emitter } = event;
  if (ring.keysOfName(emitter).length === 0) return 'open';
  if (verifyEventSignature(event, ring)) return ring.isContested(emitter) ? 'open' : 'true';
  return ring.isCrowded(emitter) ? 'open' : 'false';
}
