import { eventBytes, type EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { actorOf, countVoters, verifyEventSignature } from '../event/signature.ts';
import type { Copy } from './copies.ts';
import type { RunOrigin } from './run.ts';

/**
 * Chooses among differing copies of one event (their IDs fit, so they agree on the content). In this order: signed,
 * truly, by the content's own actor; truly signed by anybody; attested by more voters whose signatures verify; without
 * keys that a nara does not know; held by more distinct peer keys; smaller bytes. The order of `copies` decides nothing.
 */
export function chooseBest(copies: readonly Copy[], keys: KeyRing): Copy {
  const [first, ...others] = copies;
  if (first === undefined) throw new RangeError('no copy to choose from');
  if (others.length === 0) return first;
  const verify = rememberVerdicts(keys);
  let best = rank(first, keys, verify);
  for (const copy of others) {
    const rival = rank(copy, keys, verify);
    if (compare(rival, best) > 0) best = rival;
  }
  return best.copy;
}

interface Ranked {
  readonly copy: Copy;
  /** Larger is better, the first difference decides. */
  readonly merits: readonly number[];
}

type Verify = (event: EventView) => boolean;

/** Copies of one event share their content: the same emitter and signature need one look. */
function rememberVerdicts(keys: KeyRing): Verify {
  const verdicts = new Map<string, boolean>();
  return (event) => {
    const claim = `${event.sig} ${event.emitter}`;
    let verdict = verdicts.get(claim);
    if (verdict === undefined) verdicts.set(claim, (verdict = verifyEventSignature(event, keys)));
    return verdict;
  };
}

function rank(copy: Copy, keys: KeyRing, verify: Verify): Ranked {
  const { event, origins } = copy;
  const { payload } = event;
  const isSigned = verify(event);
  const isOwn = isSigned && payload !== undefined && actorOf(payload) === event.emitter;
  const voters = payload?.svc === 'checkpoint' ? countVoters(payload, keys) : 0;
  return {
    copy,
    merits: [Number(isOwn), Number(isSigned), voters, Number(!event.hasUnknownKey), countHolders(origins)],
  };
}

function countHolders(origins: Iterable<RunOrigin>): number {
  const holders = new Set<string>();
  for (const { holder } of origins) if (holder !== undefined) holders.add(holder);
  return holders.size;
}

function compare(a: Ranked, b: Ranked): number {
  for (const [at, merit] of a.merits.entries()) {
    const difference = merit - b.merits[at]!;
    if (difference !== 0) return difference;
  }
  return Buffer.compare(eventBytes(b.copy.event), eventBytes(a.copy.event));
}
