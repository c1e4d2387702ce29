import { contentString } from '../event/content.ts';
import { signableDigest } from '../event/id.ts';
import { EVENT_SCHEMA } from '../event/schema.ts';
import type { PublicKey } from '../identity/keypair.ts';
import { GoDecoder } from './go-decoder.ts';
import type { WireObject } from './go-json.ts';
import { isService, PAYLOAD_KEYS, viewPayload } from './payload-view.ts';
import { describe, type SandboxEvent } from './sandbox-event.ts';

/** An event as a nara holds it in memory: what Go read from its line. */
export interface HeldEvent {
  readonly event: SandboxEvent;
  readonly emitter: string;
  readonly emitterId: string;
  readonly sig: string;
  /** Fields by their canonical names; `undefined` where the service is unknown, or its payload missing or null. */
  readonly payload: WireObject | undefined;
}

/** The event that comes next in the text. Throws SyntaxError where Go refuses it. */
export function decodeEvent(decoder: GoDecoder): HeldEvent {
  decoder.peek();
  const start = decoder.pos;
  const wire = decoder.struct(EVENT_SCHEMA);
  const line = decoder.text.slice(start, decoder.pos);
  const svc = textOf(wire, 'svc');
  const payload = isService(svc) ? (wire[PAYLOAD_KEYS[svc]] as WireObject | undefined) : undefined;
  const tsNs = (wire['ts'] as bigint | undefined) ?? 0n;
  return {
    event: { line, id: textOf(wire, 'id'), tsNs, svc, ...describe(svc, payload ?? {}) },
    emitter: textOf(wire, 'emitter'),
    emitterId: textOf(wire, 'emitter_id'),
    sig: textOf(wire, 'sig'),
    payload,
  };
}

/** An event that was in the ledger from the start, whatever Go would say to its line. */
export function holdEvent(event: SandboxEvent): HeldEvent {
  try {
    return { ...decodeEvent(new GoDecoder(event.line)), event };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { event, emitter: '', emitterId: '', sig: '', payload: undefined };
  }
}

/** A string field of a payload, '' where it is absent. */
export function textOf(wire: WireObject | undefined, field: string): string {
  const value = wire?.[field];
  return typeof value === 'string' ? value : '';
}

/** The names that the event's content names, the witness of a social one among them. */
export function namesOf({ event, payload }: HeldEvent): string[] {
  return [...event.subjects, textOf(payload, 'witness')].filter((name) => name !== '');
}

/** An event counts as signed only when both `emitter` and `sig` are there. */
export function isSigned({ emitter, sig }: HeldEvent): boolean {
  return emitter !== '' && sig !== '';
}

/** Whether this key made the event's signature. */
export function isSignedWith(held: HeldEvent, key: PublicKey): boolean {
  const { event, emitter, payload } = held;
  const { id, tsNs, svc } = event;
  const content = payload !== undefined && isService(svc) ? contentString(viewPayload(svc, payload)) : '';
  return key.verify(signableDigest({ id, tsNs, svc, emitter, content }), held.sig);
}
