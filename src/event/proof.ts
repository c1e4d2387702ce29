import { isIPv6 } from 'node:net';
import type { EventView, HostileReason } from './event-view.ts';
import { isService } from './payload-reader.ts';
import type { Payload } from './payload.ts';

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

/**
 * Whether the content string can be split in more than one way: it joins its fields with a bare `:`, so a field that
 * holds one makes the fields uncertain. An IPv6 MeshIP holds colons by nature, stands last, and does not count.
 */
export function isAmbiguous(payload: Payload): boolean {
  return contentStrings(payload).some((text) => text.includes(':'));
}

function contentStrings(payload: Payload): readonly string[] {
  switch (payload.svc) {
    case 'social':
      return [payload.type, payload.actor, payload.target, payload.reason, payload.witness];
    case 'ping':
      return [payload.observer, payload.target];
    case 'observation':
      return payload.type === 'restart'
        ? [payload.subject]
        : [payload.observer, payload.subject, payload.type, payload.onlineState];
    case 'hey-there':
      return [payload.from, payload.publicKey, isIPv6(payload.meshIp) ? '' : payload.meshIp];
    case 'chau':
      return [payload.from, payload.publicKey];
    case 'seen':
      return [payload.observer, payload.subject, payload.via];
    case 'checkpoint':
      return [payload.subjectId || payload.subject, payload.previousCheckpointId];
  }
}

const FUTURE_NS = 5n * 60n * 1_000_000_000n;

/** Whether the event claims to be from more than 5 minutes ahead of `nowNs` (unix nanoseconds). */
export function isFuture(event: EventView, nowNs: bigint): boolean {
  return event.tsNs > nowNs + FUTURE_NS;
}
