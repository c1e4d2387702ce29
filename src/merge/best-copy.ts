import { eventBytes, type EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { withoutContested } from '../event/origin.ts';
import { actorOf, weighVoters, type VoterWeights } from '../event/signature.ts';
import { standingOf, type Standing } from '../event/standing.ts';
import type { Copy } from './copies.ts';
import type { RunOrigin } from './run.ts';

/**
 * Chooses among differing copies of one event (their IDs fit, so they agree on the content). In this order: signed,
 * truly, by the content's own actor; truly signed by anybody; attested by more voters whose signatures verify; with
 * signatures that nobody can check, which are lost for good where they are dropped; without keys that a nara does not know;
 * held by more distinct peer keys; smaller bytes. Under keys of which nobody knows whose they are nothing verifies. The
 * order of `copies` decides nothing.
 */
export function chooseBest(copies: readonly Copy[], keys: KeyRing): Copy {
  const [first, ...others] = copies;
  if (first === undefined) throw new RangeError('no copy to choose from');
  if (others.length === 0) return first;
  const judge = judgeWith(keys);
  let best = rank(first, judge);
  for (const copy of others) {
    const rival = rank(copy, judge);
    if (compare(rival, best) > 0) best = rival;
  }
  return best.copy;
}

interface Ranked {
  readonly copy: Copy;
  /** Larger is better, the first difference decides. */
  readonly merits: readonly number[];
}

interface Judge {
  standingOf(event: EventView): Standing;
  voters(event: EventView): VoterWeights | undefined;
}

function judgeWith(ring: KeyRing): Judge {
  const keys = withoutContested(ring);
  // Copies of one event share their content: the same emitter and signature need one look.
  const standings = new Map<string, Standing>();
  return {
    standingOf(event) {
      const claim = `${event.sig} ${event.emitter}`;
      let standing = standings.get(claim);
      if (standing === undefined) standings.set(claim, (standing = standingOf(event, ring)));
      return standing;
    },
    voters: ({ payload }) => (payload?.svc === 'checkpoint' ? weighVoters(payload, keys) : undefined),
  };
}

function rank(copy: Copy, judge: Judge): Ranked {
  const { event, origins } = copy;
  const standing = judge.standingOf(event);
  const voters = judge.voters(event);
  const isSigned = standing === 'true';
  return {
    copy,
    merits: [
      Number(isSigned && isByActor(event)),
      Number(isSigned),
      voters?.good ?? 0,
      weighOpen(event, standing, voters),
      Number(!event.hasUnknownKey),
      countHolders(origins),
    ],
  };
}

/**
 * Whether there is a signature that may be true: 2, of who should have signed; 1, of another. How many voters nobody
 * knows makes no difference: anybody can add more.
 */
function weighOpen(event: EventView, standing: Standing, voters: VoterWeights | undefined): number {
  if (voters !== undefined && voters.signatures > voters.bad) return 2;
  if (standing !== 'open') return 0;
  return voters === undefined && isByActor(event) ? 2 : 1;
}

function isByActor({ payload, emitter }: EventView): boolean {
  return payload !== undefined && actorOf(payload) === emitter;
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
