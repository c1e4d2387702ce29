import { eventBytes } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { actorOf, countVoters, verifyEventSignature } from '../event/signature.ts';
import type { Copy } from './copies.ts';

/**
 * Chooses among differing copies of one event (their IDs fit, so they agree on the content). In this order: signed,
 * truly, by the content's own actor; truly signed by anybody; attested by more voters whose signatures verify; without
 * keys that a nara does not know; held by more distinct peer keys; smaller bytes. The order of `copies` decides nothing.
 */
export function chooseBest(copies: readonly Copy[], keys: KeyRing): Copy {
  const [first, ...others] = copies;
  if (first === undefined) throw new RangeError('no copy to choose from');
  let best = rank(first, keys);
  for (const copy of others) {
    const rival = rank(copy, keys);
    if (compare(rival, best) > 0) best = rival;
  }
  return best.copy;
}

interface Ranked {
  readonly copy: Copy;
  /** Larger is better, the first difference decides. */
  readonly merits: readonly number[];
}

function rank(copy: Copy, keys: KeyRing): Ranked {
  const { event, holders } = copy;
  const { payload } = event;
  const isSigned = verifyEventSignature(event, keys);
  const isOwn = isSigned && payload !== undefined && actorOf(payload) === event.emitter;
  const voters = payload?.svc === 'checkpoint' ? countVoters(payload, keys) : 0;
  return {
    copy,
    merits: [Number(isOwn), Number(isSigned), voters, Number(!event.hasUnknownKey), holders.size],
  };
}

function compare(a: Ranked, b: Ranked): number {
  for (const [at, merit] of a.merits.entries()) {
    const difference = merit - b.merits[at]!;
    if (difference !== 0) return difference;
  }
  return Buffer.compare(eventBytes(b.copy.event), eventBytes(a.copy.event));
}
