import { NotJson } from '../event/json-cursor.ts';
import { decodeJsonString } from '../event/json-string.ts';
import { readEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';

/** An answer to `POST /events/sync`, its events in the order of the body. */
export interface SyncAnswer {
  readonly from: string;
  readonly events: readonly EventView[];
  readonly nextCursor: string | undefined;
  /** Unix seconds, decimal. */
  readonly ts: string;
  readonly sig: string;
  /** The body is not what the protocol says: why. What stands before the break is there. */
  readonly broken: string | undefined;
}

/** Parses an answer's body. Never throws: where it breaks, `broken` says so. */
export function parseSyncAnswer(body: Buffer): SyncAnswer {
  const events: EventView[] = [];
  const fields = new Map<string, string>();
  let broken: string | undefined;
  try {
    scanBody(new EventScanner(body), events, fields);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    broken = `no answer of a nara from byte ${error.position} on`;
  }
  if (broken === undefined && !fields.has('events')) broken = 'an answer without events';
  return {
    from: fields.get('from') ?? '',
    events,
    nextCursor: fields.get('next_cursor'),
    ts: fields.get('ts') ?? '',
    sig: fields.get('sig') ?? '',
    broken,
  };
}

const STRINGS = new Set(['from', 'next_cursor', 'sig']);
const OPEN_ARRAY = 0x5b;

/** A member that comes twice, or with a wrong type, makes readers disagree: that is no answer. */
function scanBody(scanner: EventScanner, events: EventView[], fields: Map<string, string>): void {
  const { cursor } = scanner;
  for (let more = cursor.openObject(); more; more = cursor.anotherMember()) {
    cursor.key();
    const key = decodeJsonString(cursor.text.slice(cursor.keyStart, cursor.keyEnd), cursor.traits);
    if (fields.has(key)) cursor.fail();
    if (key === 'events') {
      fields.set(key, '');
      if (cursor.peek() === OPEN_ARRAY) scanEvents(scanner, events);
      else if (cursor.literal() !== 'n') cursor.fail();
    } else if (STRINGS.has(key)) {
      cursor.string();
      fields.set(key, decodeJsonString(cursor.text.slice(cursor.stringStart, cursor.pos - 1), cursor.traits));
    } else if (key === 'ts') {
      cursor.peek();
      const start = cursor.pos;
      if (!cursor.number() || !cursor.isInteger) cursor.fail();
      fields.set(key, cursor.text.slice(start, cursor.pos));
    } else cursor.skip();
  }
  if (!Number.isNaN(cursor.peek())) cursor.fail();
}

function scanEvents(scanner: EventScanner, events: EventView[]): void {
  const { cursor } = scanner;
  for (let more = cursor.openArray(); more; more = cursor.anotherElement()) {
    scanner.scan();
    events.push(readEvent(scanner));
  }
}
