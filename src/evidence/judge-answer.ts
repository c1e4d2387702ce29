import type { EventView } from '../event/event-view.ts';
import { signableDigest } from '../event/id.ts';
import { proveEvent } from '../event/proof.ts';
import { isSigned } from '../event/signature.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { SyncAnswer } from '../sync/answer.ts';
import { claim, type Claim } from './claim.ts';

/** What is false in an answer whatever else there is in the world, in the order of its events. */
export function* judgeAnswer({
  events,
  nextCursor,
}: Pick<SyncAnswer, 'events' | 'nextCursor'>): Generator<Claim, void, undefined> {
  // Only page mode gives a cursor, and a page is oldest first. Without one, who asked may have asked for newest first.
  const isPage = nextCursor !== undefined;
  let beforeNs: bigint | undefined;
  for (const [index, event] of events.entries()) {
    if (event.hostile !== undefined) continue; // readers disagree about what it says
    if (proveEvent(event).class === 'misfit') yield claim('misfit', index, event.id);
    else if (isFalseGreeting(event)) yield claim('bad-signature', index, event.id);
    if (isPage && beforeNs !== undefined && event.tsNs < beforeNs) yield claim('disorder', index, event.id);
    beforeNs = event.tsNs;
  }
}

/**
 * A greeting names the key that it is signed with. Of all other events, those of the answering peer's own name among
 * them, the answer alone does not say which key that is: a nara may have had another soul before.
 */
function isFalseGreeting(event: EventView): boolean {
  if (event.svc !== 'hey-there' && event.svc !== 'chau') return false;
  const { payload } = event;
  if (payload?.svc !== 'hey-there' && payload?.svc !== 'chau') return false;
  if (!isSigned(event) || payload.from !== event.emitter || event.isAmbiguous) return false;
  return PublicKey.parse(payload.publicKey)?.verify(signableDigest(event), event.sig) === false;
}
