import type { EventView } from '../event/event-view.ts';
import { verifyEventSignature } from '../event/signature.ts';
import type { PublicKey } from '../identity/keypair.ts';

/**
 * The nara ID that a peer names itself by in events that it emitted and signed with its key, the last of them;
 * `undefined` where it did not. The signature covers the event but not the ID: it is what the peer says.
 */
export function ownNaraId(
  events: readonly EventView[],
  name: string | undefined,
  key: PublicKey | undefined,
): string | undefined {
  if (name === undefined || key === undefined) return undefined;
  const keys = { keysOfName: () => [key], keysOfId: () => [] };
  return events.findLast(
    (event) =>
      event.hostile === undefined &&
      event.emitter === name &&
      event.emitterId !== '' &&
      verifyEventSignature(event, keys),
  )?.emitterId;
}
