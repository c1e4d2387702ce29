import { isAmbiguous } from './ambiguity.ts';
import { contentId } from './content-id.ts';
import { contentString } from './content.ts';
import { hasPayload, isService, readPayload, readService } from './payload-reader.ts';
import type { Payload } from './payload.ts';
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
  /** Its content string can be split in more than one way. */
  readonly isAmbiguous: boolean;
}

const MIN_ID_BYTES = 8;
/** No line of a backup may be longer. */
export const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** A view of the event that the scanner passed last; it stays good when the scanner goes on. */
export function readEvent(scanner: EventScanner): EventView {
  return new ScannedEvent(scanner);
}

/** The event's own bytes, shared with the text that holds them. */
export function eventBytes(event: EventView): Buffer {
  return event.source.subarray(event.start, event.end);
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

  /** The event that the scanner passed last. */
  constructor(scanner: EventScanner) {
    this.#scanner = scanner;
    this.source = scanner.bytes;
    this.start = scanner.start;
    this.end = scanner.end;
    this.tsNs = scanner.int64(SLOT.ts);
    this.svc = readService(scanner);
    this.hasUnknownKey = scanner.hasUnknownKey;
    this.#holdsColon = scanner.cursor.sawColon;
    this.hostile = scanner.hostile ?? this.#flaw();
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

  #flaw(): HostileReason | undefined {
    const scanner = this.#scanner;
    if (scanner.byteLength(SLOT.id) < MIN_ID_BYTES) return 'short-id';
    if (isService(this.svc) && !hasPayload(scanner, this.svc)) return 'no-payload';
    if (this.svc === '') return 'no-service';
    return this.end - this.start > MAX_EVENT_BYTES ? 'too-large' : undefined;
  }
}
