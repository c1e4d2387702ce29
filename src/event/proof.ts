import type { EventView } from './event-view.ts';
import type { HostileReason } from './hostile-reason.ts';
import { isService } from './payload-reader.ts';

export { isAmbiguous } from './ambiguity.ts';

/**
 * What the bytes of a copy prove by themselves. A fitting ID proves that the content string belongs to this ID, not
 * that it is true: anybody can make one. Whether a signature says more is the key ring's to tell (`signature.ts`).
 */
export type Proof =
  | { readonly class: 'id' }
  | { readonly class: 'unknown-service' }
  | { readonly class: 'misfit' }
  | { readonly class: 'hostile'; readonly reason: HostileReason };

const ID: Proof = { class: 'id' };
const UNKNOWN_SERVICE: Proof = { class: 'unknown-service' };
const MISFIT: Proof = { class: 'misfit' };

export function proveEvent(event: EventView): Proof {
  if (event.hostile !== undefined) return { class: 'hostile', reason: event.hostile };
  if (!isService(event.svc)) return UNKNOWN_SERVICE;
  return event.id === event.computedId ? ID : MISFIT;
}

/** Why an event may not stand in a backup, `undefined` if it may. */
export function suspicion(proof: Proof): string | undefined {
  if (proof.class === 'hostile') return proof.reason;
  return proof.class === 'misfit' ? 'the id does not fit the content' : undefined;
}

/** Whether an event may stand in a backup. */
export function mayStand(proof: Proof, keepMisfits: boolean): boolean {
  return suspicion(proof) === undefined || (keepMisfits && proof.class === 'misfit');
}

const FUTURE_NS = 5n * 60n * 1_000_000_000n;

/** Whether the event claims to be from more than 5 minutes ahead of `nowNs` (unix nanoseconds). */
export function isFuture(event: EventView, nowNs: bigint): boolean {
  return event.tsNs > nowNs + FUTURE_NS;
}
