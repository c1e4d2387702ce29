import { contentString } from '../event/content.ts';
import { computeEventId, signableDigest } from '../event/id.ts';
import { encodeGoJson, type WireObject } from './go-json.ts';
import { isService, PAYLOAD_KEYS, viewPayload } from './payload-view.ts';
import { describe, type SandboxEvent } from './sandbox-event.ts';

/** Who signs an event. */
export interface Signer {
  readonly name: string;
  readonly naraId: string;
  readonly sign: (message: Uint8Array) => string;
}

export interface EventParts {
  /** Unix nanoseconds. */
  readonly tsNs: bigint;
  readonly svc: string;
  /** The payload's wire form, its keys in the order in which Go writes them; absent for a service nobody knows. */
  readonly payload?: WireObject;
  /** Without a signer the event has neither emitter nor signature. */
  readonly signer?: Signer;
  /** Newer naras name the emitter's ID as well. */
  readonly withEmitterId?: boolean;
}

/**
 * The event with the exact line that a Go nara writes for these parts: a fitting ID, and a
 * signature over what the ID covers.
 * Source: specification, "Event".
 */
export function makeEvent(parts: EventParts): SandboxEvent {
  const { svc, payload = {}, signer } = parts;
  const ts = String(parts.tsNs);
  const content = isService(svc) ? contentString(viewPayload(svc, payload)) : '';
  const id = computeEventId(ts, svc, content);
  const line = encodeGoJson({
    id,
    ts: parts.tsNs,
    svc,
    emitter: signer?.name,
    emitter_id: parts.withEmitterId === true ? signer?.naraId : undefined,
    sig: signer?.sign(signableDigest({ id, tsNs: parts.tsNs, svc, emitter: signer.name, content })),
    ...(parts.payload && { [isService(svc) ? PAYLOAD_KEYS[svc] : svc]: payload }),
  });
  return { line, id, tsNs: parts.tsNs, svc, ...describe(svc, payload) };
}
