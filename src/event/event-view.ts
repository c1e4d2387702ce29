import { contentString } from './content.ts';
import { computeEventId } from './id.ts';
import type { Payload } from './payload.ts';
import { isService, readPayload } from './payload-reader.ts';
import type { EventScanner } from './scanner.ts';
import { SLOT } from './schema.ts';

/** Why readers disagree about an event, or why a nara's server would choke on it. */
export type HostileReason =
  | 'wrong-type'
  | 'number-range'
  | 'duplicate-key'
  | 'folded-key'
  | 'invalid-utf8'
  | 'lone-surrogate'
  | 'too-deep'
  | 'line-break'
  | 'too-large'
  | 'short-id'
  | 'no-service'
  | 'no-payload';

/** What one event's bytes say, as a nara's server reads them. The bytes themselves are the history. */
export interface EventView {
  /** The text that holds the event, and where in it. */
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
  readonly id: string;
  /** Unix nanoseconds, int64. */
  readonly tsNs: bigint;
  readonly svc: string;
  readonly emitter: string;
  readonly emitterId: string;
  readonly sig: string;
  /** `undefined` for a service that we do not know, or where it is missing. */
  readonly payload: Payload | undefined;
  readonly content: string;
  /** The ID that the content deserves. */
  readonly computedId: string;
  readonly hostile: HostileReason | undefined;
  readonly hasUnknownKey: boolean;
}

const MIN_ID_BYTES = 8;
/** No line of a backup may be longer. */
export const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** A view of the event that the scanner passed last; it stays good when the scanner goes on. */
export function readEvent(scanner: EventScanner): EventView {
  const id = scanner.string(SLOT.id);
  const ts = scanner.integer(SLOT.ts);
  const svc = scanner.string(SLOT.svc);
  const isKnown = isService(svc);
  const payload = isKnown ? readPayload(scanner, svc) : undefined;
  const content = payload === undefined ? '' : contentString(payload);
  let { hostile } = scanner;
  if (Buffer.byteLength(id) < MIN_ID_BYTES) hostile ??= 'short-id';
  if (isKnown && payload === undefined) hostile ??= 'no-payload';
  if (svc === '') hostile ??= 'no-service';
  if (scanner.end - scanner.start > MAX_EVENT_BYTES) hostile ??= 'too-large';
  return {
    source: scanner.bytes,
    start: scanner.start,
    end: scanner.end,
    id,
    tsNs: BigInt(ts),
    svc,
    emitter: scanner.string(SLOT.emitter),
    emitterId: scanner.string(SLOT.emitter_id),
    sig: scanner.string(SLOT.sig),
    payload,
    content,
    computedId: computeEventId(ts, svc, content),
    hostile,
    hasUnknownKey: scanner.hasUnknownKey,
  };
}

/** The event's own bytes, shared with the text that holds them. */
export function eventBytes(event: EventView): Buffer {
  return event.source.subarray(event.start, event.end);
}
