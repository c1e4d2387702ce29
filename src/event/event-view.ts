import { isAmbiguous } from './ambiguity.ts';
import { contentId } from './content-id.ts';
import { contentString } from './content.ts';
import type { HostileReason } from './hostile-reason.ts';
import { hasPayload, isService, readPayload, readService } from './payload-reader.ts';
import type { Payload } from './payload.ts';
import { EventScanner, scanLine } from './scanner.ts';
import { SLOT } from './schema.ts';

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
  /** Both `emitter` and `sig` are there. */
  readonly isSigned: boolean;
  /** `undefined` for a service that we do not know, or where it is missing. */
  readonly payload: Payload | undefined;
  readonly content: string;
  /** The ID that the content deserves. */
  readonly computedId: string;
  readonly hostile: HostileReason | undefined;
  readonly hasUnknownKey: boolean;
  /** Its content string can be split in more than one way. */
  readonly isAmbiguous: boolean;
}

const MIN_ID_BYTES = 8;
/** No line of a backup may be longer. */
export const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** A view of the event that the scanner passed last; it stays good when the scanner goes on. */
export function readEvent(scanner: EventScanner): EventView {
  return new ScannedEvent(scanner, factsOf(scanner));
}

/** The event on a line that should hold one and nothing else; `undefined` where it is no JSON. */
export function readLine(line: Buffer): EventView | undefined {
  const scanner = scanLine(line);
  return scanner && readEvent(scanner);
}

/** The event's own bytes, shared with the text that holds them. */
export function eventBytes(event: EventView): Buffer {
  return event.source.subarray(event.start, event.end);
}

/** The same event, at another place that its bytes were copied to; what everybody asks for is known from now on. */
export function moveEvent(event: EventView, scanner: EventScanner, start: number): EventView {
  const { computedId, tsNs, svc, hostile, hasUnknownKey, isAmbiguous: holdsColon } = event;
  const id = event.id === computedId ? computedId : event.id; // mostly: one string for both
  const facts = {
    start,
    end: start + event.end - event.start,
    tsNs,
    svc,
    hostile,
    hasUnknownKey,
    holdsColon,
  };
  return new ScannedEvent(scanner, facts, id, computedId);
}

/** The same event in memory of its own. */
export function copyEvent(event: EventView): EventView {
  return moveEvent(event, new EventScanner(Buffer.from(eventBytes(event))), 0);
}

/** A view of bytes that were scanned before, and of which only the time is known yet: the rest is read when asked for. */
export function deferEvent(scanner: EventScanner, start: number, end: number, tsNs: bigint): EventView {
  return new DeferredEvent(scanner, start, end, tsNs);
}

/** What is read of each event. */
interface Facts extends Pick<EventView, 'start' | 'end' | 'tsNs' | 'svc' | 'hostile' | 'hasUnknownKey'> {
  /** Without a colon nothing can be ambiguous. */
  readonly holdsColon: boolean;
}

/** What the scanner says of the event that it passed last. */
function factsOf(scanner: EventScanner): Facts {
  const { start, end, hasUnknownKey } = scanner;
  const svc = readService(scanner);
  const hostile = scanner.hostile ?? flawOf(scanner, svc);
  const holdsColon = scanner.cursor.sawColon;
  return { start, end, tsNs: scanner.int64(SLOT.ts), svc, hostile, hasUnknownKey, holdsColon };
}

function flawOf(scanner: EventScanner, svc: string): HostileReason | undefined {
  if (scanner.byteLength(SLOT.id) < MIN_ID_BYTES) return 'short-id';
  if (isService(svc) && !hasPayload(scanner, svc)) return 'no-payload';
  if (svc === '') return 'no-service';
  return scanner.end - scanner.start > MAX_EVENT_BYTES ? 'too-large' : undefined;
}

/**
 * A view that reads from the event's bytes what it is asked for, when it is asked: most events are looked at for their
 * time and their proof alone. The bytes must stay as they are as long as the view is used.
 */
class ScannedEvent implements EventView {
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
  readonly tsNs: bigint;
  readonly svc: string;
  readonly hostile: HostileReason | undefined;
  readonly hasUnknownKey: boolean;
  readonly #holdsColon: boolean;
  readonly #scanner: EventScanner;
  #id: string | undefined;
  #computedId: string | undefined;
  #payload: Payload | undefined;

  constructor(scanner: EventScanner, facts: Facts, id?: string, computedId?: string) {
    this.#scanner = scanner;
    this.source = scanner.bytes;
    this.start = facts.start;
    this.end = facts.end;
    this.tsNs = facts.tsNs;
    this.svc = facts.svc;
    this.hostile = facts.hostile;
    this.hasUnknownKey = facts.hasUnknownKey;
    this.#holdsColon = facts.holdsColon;
    this.#id = id;
    this.#computedId = computedId;
  }

  get id(): string {
    return (this.#id ??= this.#here.string(SLOT.id));
  }

  get computedId(): string {
    return (this.#computedId ??= contentId(this.#here, this.svc, this.end - this.start));
  }

  get emitter(): string {
    return this.#here.string(SLOT.emitter);
  }

  get emitterId(): string {
    return this.#here.string(SLOT.emitter_id);
  }

  get sig(): string {
    return this.#here.string(SLOT.sig);
  }

  get isSigned(): boolean {
    const slots = this.#here;
    return slots.isFilled(SLOT.emitter) && slots.isFilled(SLOT.sig);
  }

  get payload(): Payload | undefined {
    return (this.#payload ??= isService(this.svc) ? readPayload(this.#here, this.svc) : undefined);
  }

  get content(): string {
    return this.payload === undefined ? '' : contentString(this.payload);
  }

  get isAmbiguous(): boolean {
    return this.#holdsColon && this.payload !== undefined && isAmbiguous(this.payload);
  }

  /** The slots of this event. */
  get #here(): EventScanner {
    return this.#scanner.standingAt(this.start);
  }
}

/** In a merge most events are only written: they are scanned where two of them share their time. */
class DeferredEvent implements EventView {
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
  readonly tsNs: bigint;
  readonly #scanner: EventScanner;
  #scanned: EventView | undefined;

  constructor(scanner: EventScanner, start: number, end: number, tsNs: bigint) {
    this.source = scanner.bytes;
    this.start = start;
    this.end = end;
    this.tsNs = tsNs;
    this.#scanner = scanner;
  }

  get id(): string {
    return this.#event.id;
  }

  get svc(): string {
    return this.#event.svc;
  }

  get emitter(): string {
    return this.#event.emitter;
  }

  get emitterId(): string {
    return this.#event.emitterId;
  }

  get sig(): string {
    return this.#event.sig;
  }

  get isSigned(): boolean {
    return this.#event.isSigned;
  }

  get payload(): Payload | undefined {
    return this.#event.payload;
  }

  get content(): string {
    return this.#event.content;
  }

  get computedId(): string {
    return this.#event.computedId;
  }

  get hostile(): HostileReason | undefined {
    return this.#event.hostile;
  }

  get hasUnknownKey(): boolean {
    return this.#event.hasUnknownKey;
  }

  get isAmbiguous(): boolean {
    return this.#event.isAmbiguous;
  }

  get #event(): EventView {
    return (this.#scanned ??= readEvent(this.#scanner.standingAt(this.start)));
  }
}
