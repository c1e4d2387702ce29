import type { EventView } from '../event/event-view.ts';
import type { KeySource } from '../event/keyring.ts';
import { proveEvent } from '../event/proof.ts';
import { actorOf, countVoters, isSigned, signingKey, verifyEventSignature } from '../event/signature.ts';
import { ALL_ZERO_SOUL_KEY } from '../identity/keypair.ts';
import type { ClaimClass, OwnedKey } from './claim.ts';

/** What a copy was robbed of, as a better copy of the event shows under these keys; `undefined`: of nothing for certain. */
export function judgeCopies(given: EventView, better: EventView, keys: KeySource): ClaimClass | undefined {
  if (!isSameEvent(given, better)) return undefined;
  if (isOwn(better, keys) && !verifyEventSignature(given, keys)) {
    if (!isSigned(given)) return 'stripped-signature';
    // Signed by another name it may be true, too: many hear of an event.
    if (given.emitter === better.emitter) return 'bad-signature';
  }
  const [has, had] = [given.payload, better.payload];
  if (has?.svc !== 'checkpoint' || had?.svc !== 'checkpoint') return undefined;
  return countVoters(had, keys) > countVoters(has, keys) ? 'stripped-voters' : undefined;
}

/** Where a colon makes the content string ambiguous, it is not certain who acts in it. */
function isSameEvent(a: EventView, b: EventView): boolean {
  const areProven = proveEvent(a).class === 'id' && proveEvent(b).class === 'id';
  return areProven && a.computedId === b.computedId && !a.isAmbiguous && !b.isAmbiguous;
}

/** Whether the content's own actor signed it: anybody can put a name of their own under an event that nobody signed. */
function isOwn(event: EventView, keys: KeySource): boolean {
  const { payload } = event;
  return payload !== undefined && actorOf(payload) === event.emitter && verifyEventSignature(event, keys);
}

/** The keys that speak for a copy: what the claim rests on. */
export function keysBehind(event: EventView, keys: KeySource): OwnedKey[] {
  const owned: OwnedKey[] = [];
  const signer = signingKey(event, keys);
  if (signer !== undefined) owned.push({ of: 'name', owner: event.emitter, key: signer.text });
  const voters = event.payload?.svc === 'checkpoint' ? new Set(event.payload.voterIds) : [];
  for (const owner of voters) {
    for (const { text } of keys.keysOfId(owner)) owned.push({ of: 'id', owner, key: text });
  }
  return owned;
}

/** Keys that can bear an accusation: none of those that anybody can sign with, none of owners that have several. */
export function accusingKeys(keys: KeySource): KeySource {
  const theOnly: KeySource['keysOfName'] = (owner) => single(keys.keysOfName(owner));
  return { keysOfName: theOnly, keysOfId: (owner) => single(keys.keysOfId(owner)) };
}

type Keys = ReturnType<KeySource['keysOfName']>;

function single(keys: Keys): Keys {
  return keys.length === 1 && keys[0]!.text !== ALL_ZERO_SOUL_KEY ? keys : [];
}
