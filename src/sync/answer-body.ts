import { END, NotJson } from '../event/json-cursor.ts';
import { decodeJsonString } from '../event/json-string.ts';
import type { EventMemo } from '../event/event-memo.ts';
import { copyEvent, readEvent, type EventView } from '../event/event-view.ts';
import { EventScanner } from '../event/scanner.ts';

/** Which members of an answer are read; all others are passed over. */
export interface BodyShape {
  /** The list of events, which must be there; `null` is an empty one. */
  readonly list: string;
  readonly scalars: Readonly<Record<string, 'string' | 'integer' | 'bool'>>;
}

export interface AnswerBody {
  /** In the order of the body. */
  readonly events: readonly EventView[];
  /** Strings decoded, integers as they stand there, `t` or `f` for a bool. */
  readonly scalars: ReadonlyMap<string, string>;
  /** The body is not what the protocol says: why. What stands before the break is there. */
  readonly broken: string | undefined;
}

/**
 * Parses an answer that holds events; those that the memo knows are not scanned again.
 * Never throws: where it breaks, `broken` says so.
 */
export function parseAnswerBody(body: Buffer, shape: BodyShape, memo?: EventMemo): AnswerBody {
  const events: EventView[] = [];
  const scalars = new Map<string, string>();
  let broken: string | undefined;
  try {
    scanBody(new EventScanner(body), shape, events, scalars, memo);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    broken = `no answer of a nara from byte ${error.position} on`;
  }
  if (broken === undefined && !scalars.has(shape.list)) broken = `an answer without ${shape.list}`;
  return { events, scalars, broken };
}

const OPEN_ARRAY = 0x5b;

/** A member that comes twice, or with a wrong type, makes readers disagree: that is no answer. */
function scanBody(
  scanner: EventScanner,
  { list, scalars: types }: BodyShape,
  events: EventView[],
  scalars: Map<string, string>,
  memo: EventMemo | undefined,
): void {
  const { bytes: body, cursor } = scanner;
  for (let more = cursor.openObject(); more; more = cursor.anotherMember()) {
    cursor.key();
    const key = decodeJsonString(body, cursor.keyStart, cursor.keyEnd, cursor.traits);
    if (scalars.has(key)) cursor.fail();
    if (key === list) {
      scalars.set(key, '');
      if (cursor.peek() === OPEN_ARRAY) scanEvents(scanner, events, memo);
      else if (cursor.literal() !== 'n') cursor.fail();
    } else if (Object.hasOwn(types, key)) scalars.set(key, readScalar(scanner, types[key]!));
    else cursor.skip();
  }
  if (cursor.peek() !== END) cursor.fail();
}

function readScalar({ bytes, cursor }: EventScanner, type: BodyShape['scalars'][string]): string {
  cursor.peek();
  const start = cursor.pos;
  switch (type) {
    case 'string':
      cursor.string();
      return decodeJsonString(bytes, cursor.stringStart, cursor.pos - 1, cursor.traits);
    case 'integer':
      if (!cursor.number() || !cursor.isInteger) cursor.fail();
      return bytes.toString('latin1', start, cursor.pos);
    case 'bool': {
      const letter = cursor.literal();
      return letter === 't' || letter === 'f' ? letter : cursor.fail();
    }
  }
}

function scanEvents(scanner: EventScanner, events: EventView[], memo: EventMemo | undefined): void {
  const { bytes, cursor } = scanner;
  for (let more = cursor.openArray(); more; more = cursor.anotherElement()) {
    cursor.peek();
    const known = memo?.find(bytes, cursor.pos);
    if (known === undefined) {
      scanner.scan();
      const event = readEvent(scanner);
      events.push(memo === undefined ? copyEvent(event) : memo.remember(event));
    } else {
      cursor.pos += known.end - known.start;
      events.push(known);
    }
  }
}
