import type { EventView } from '../event/event-view.ts';
import type { EventTest } from '../event/filter.ts';
import { isOriginProven } from '../event/origin.ts';
import { isFuture, proveEvent } from '../event/proof.ts';
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
