import type { EventView } from '../event/event-view.ts';
import type { EventTest } from '../event/filter.ts';
import type { KeyRing, KeySource } from '../event/keyring.ts';
import { isFuture, proveEvent } from '../event/proof.ts';
import { actorOf, countVoters, verifyEventSignature } from '../event/signature.ts';
import { judgeGreeting, type GreetingRules } from './greetings.ts';
import { judgePresence, type PresenceRules } from './presence.ts';
import { serverTakes } from './server-takes.ts';
import type { StayReason } from './stay-reason.ts';

/** What of a backup is sent, as far as each event tells by itself. */
export interface ScreeningRules extends GreetingRules, PresenceRules {
  readonly passes: EventTest;
  /** `signed`: only events whose origin is proven. */
  readonly proof: 'id' | 'signed';
  readonly includeMisfits: boolean;
  readonly includeFuture: boolean;
  /** Unix nanoseconds. */
  readonly nowNs: bigint;
}

/** So many voters attest a checkpoint. */
const ENOUGH_VOTERS = 2;

/** Why an event is not sent, `undefined` if it may be. Limits of the ledger are not asked here. */
export function screenEvent(event: EventView, rules: ScreeningRules): StayReason | undefined {
  if (!rules.passes(event)) return 'filtered';
  if (rules.held.has(event.id)) return 'there';
  const proof = proveEvent(event).class;
  if (proof === 'hostile' || proof === 'unknown-service') return proof;
  if (proof === 'misfit' && !rules.includeMisfits) return proof;
  if (!serverTakes(event)) return 'not-taken';
  if (!rules.includeFuture && isFuture(event, rules.nowNs)) return 'future';
  const flaw = judgeGreeting(event, rules) ?? judgePresence(event, rules);
  if (flaw !== undefined) return flaw;
  return rules.proof === 'signed' && !isOriginProven(event, rules.keys) ? 'unproven' : undefined;
}

/** Whether who speaks in the content said it: signed by that very nara, or attested by voters. */
function isOriginProven(event: EventView, ring: KeyRing): boolean {
  const { payload } = event;
  const keys = withoutContested(ring);
  if (payload === undefined) return false;
  if (payload.svc === 'checkpoint') return countVoters(payload, keys) >= ENOUGH_VOTERS;
  return actorOf(payload) === event.emitter && verifyEventSignature(event, keys);
}

/** Where several keys are known and nobody vouches for one, none proves anything. */
function withoutContested(ring: KeyRing): KeySource {
  return {
    keysOfName: (name) => (ring.isContested(name) ? [] : ring.keysOfName(name)),
    keysOfId: (id) => (ring.isContestedId(id) ? [] : ring.keysOfId(id)),
  };
}
