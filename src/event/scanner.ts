import { isUtf8 } from 'node:buffer';
import type { HostileReason } from './hostile-reason.ts';
import { END, JsonCursor, NotJson } from './json-cursor.ts';
import { decodeJsonString } from './json-string.ts';
import { EVENT_SCHEMA, foldKey, type Field, type ObjectSchema } from './schema.ts';
import { EventSlots } from './slots.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
/** Go refuses to decode deeper than 10,000; an event always travels two levels down, in a list in an object. */
const MAX_DEPTH = 10_000 - 2;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Scans one event after another from a text, reading what a nara's server would read, and building nothing: it leaves
 * byte ranges in slots (one for each field of the schema), valid until the next scan. `readEvent` makes a view of them.
 *
 * Where the server reads otherwise than the text looks (or would choke), `hostile` holds the first reason seen.
 * As in Go: of several members the last scalar wins, `null` leaves a scalar and clears a payload, a payload given twice
 * is merged.
 */
export class EventScanner extends EventSlots {
  readonly cursor: JsonCursor;
  start = -1;
  end = -1;
  hostile: HostileReason | undefined;
  /** A key that no nara knows. */
  hasUnknownKey = false;
  /** For what is asked about an event that was passed before. */
  #other: EventScanner | undefined;

  constructor(bytes: Buffer) {
    super(bytes);
    this.cursor = new JsonCursor(bytes);
  }

  /** Scans the JSON value at the cursor, whatever it is. Throws `NotJson` where the grammar breaks. */
  scan(): void {
    const { cursor } = this;
    const first = cursor.peek();
    this.start = cursor.pos;
    this.hostile = undefined;
    this.hasUnknownKey = false;
    this.slots.fill(-1);
    const outer = cursor.depth;
    cursor.resetTraits();
    if (first === OPEN_OBJECT) this.#object(EVENT_SCHEMA);
    else this.#noObject();
    this.end = cursor.pos;
    if (cursor.maxDepth - outer > MAX_DEPTH) this.#blame('too-deep');
    if (cursor.sawLoneSurrogate) this.#blame('lone-surrogate');
    if (cursor.sawLineBreak) this.#blame('line-break');
    if (cursor.sawNonAscii && !isUtf8(this.bytes.subarray(this.start, this.end))) this.#blame('invalid-utf8');
  }

  /** Scans the one JSON value that should be all there is between two places, a line for one; false where it is not. */
  scanLine(start: number, end: number): boolean {
    this.cursor.enter(start, end);
    try {
      this.scan();
      return this.cursor.peek() === END;
    } catch (error) {
      if (error instanceof NotJson) return false;
      throw error;
    }
  }

  /** A scanner whose slots are those of the value at `start`: this one, or another, so that this one keeps its place. */
  standingAt(start: number): EventScanner {
    if (this.start === start) return this;
    this.#other ??= new EventScanner(this.bytes);
    if (this.#other.start !== start) {
      this.#other.cursor.pos = start;
      this.#other.scan();
    }
    return this.#other;
  }

  #blame(reason: HostileReason): void {
    this.hostile ??= reason;
  }

  #object(schema: ObjectSchema): void {
    const { cursor } = this;
    const { fields } = schema;
    let likely = 0;
    for (let more = cursor.openObject(); more; more = cursor.anotherMember()) {
      cursor.peek();
      const keyAt = cursor.pos;
      const found = this.#takeLikelyKey(fields, likely);
      const field = found === -1 ? this.#takeKey(schema) : fields[found];
      likely = found + 1;
      if (field === undefined) {
        this.hasUnknownKey = true;
        cursor.skip();
        continue;
      }
      const at = field.slot * 4;
      if (this.slots[at] !== -1) this.#blame('duplicate-key');
      this.slots[at] = keyAt;
      this.#value(field);
    }
  }

  /**
   * Passes a key that is spelled as servers spell it, and returns which it is; -1 and nothing passed where it is not.
   * Servers write fields in one order and leave some out, so it looks on from the one that is likely next.
   */
  #takeLikelyKey(fields: readonly Field[], likely: number): number {
    for (let at = likely; at < fields.length; at++)
      if (this.cursor.takeBytes(fields[at]!.keyBytes)) return at;
    for (let at = 0; at < likely; at++) if (this.cursor.takeBytes(fields[at]!.keyBytes)) return at;
    return -1;
  }

  /** Passes any key, whatever its spelling; `undefined` where nobody knows it. */
  #takeKey(schema: ObjectSchema): Field | undefined {
    const { cursor } = this;
    cursor.key();
    const key = decodeJsonString(this.bytes, cursor.keyStart, cursor.keyEnd, cursor.traits);
    const exact = schema.exact.get(key);
    if (exact !== undefined) return exact;
    const folded = schema.folded.get(foldKey(key));
    if (folded !== undefined) this.#blame('folded-key');
    return folded;
  }

  #value({ slot, type }: Field): void {
    const { cursor } = this;
    const first = cursor.peek();
    const start = cursor.pos;
    if (typeof type !== 'string') {
      if (first === OPEN_OBJECT) {
        this.#set(slot, start, start + 1);
        this.#object(type);
      } else if (cursor.literal() === 'n') this.slots.fill(-1, slot * 4 + 1, type.endSlot * 4);
      else this.#wrongType(start);
    } else if (type === 'string') {
      if (first === QUOTE) {
        cursor.string();
        this.#set(slot, cursor.stringStart, cursor.pos - 1, cursor.traits);
      } else if (cursor.literal() !== 'n') this.#wrongType(start);
    } else if (type === 'strings') {
      if (first === OPEN_ARRAY) {
        this.#stringList();
        this.#set(slot, start, cursor.pos);
      } else if (cursor.literal() !== 'n') this.#wrongType(start);
    } else if (type === 'bool') {
      if (cursor.literal() === '') this.#wrongType(start);
    } else if (cursor.number()) {
      if (type !== 'float64' && !cursor.isInteger) this.#blame('wrong-type');
      else if (!isInRange(this.bytes, start, cursor.pos, type)) this.#blame('number-range');
      else this.#set(slot, type !== 'float64' && this.#isMinusZero(start) ? start + 1 : start, cursor.pos);
    } else if (cursor.literal() !== 'n') this.#wrongType(start);
  }

  /** An integer that is 0 all the same. */
  #isMinusZero(start: number): boolean {
    return this.bytes[start] === MINUS && this.bytes[start + 1] === ZERO;
  }

  #set(slot: number, start: number, end: number, traits = 0): void {
    this.slots[slot * 4 + 1] = start;
    this.slots[slot * 4 + 2] = end;
    this.slots[slot * 4 + 3] = traits;
  }

  /** Blames a value of the wrong type and passes it. */
  #wrongType(start: number): void {
    this.#blame('wrong-type');
    this.cursor.pos = start;
    this.cursor.skip();
  }

  #stringList(): void {
    const { cursor } = this;
    for (let more = cursor.openArray(); more; more = cursor.anotherElement()) {
      const first = cursor.peek();
      const start = cursor.pos;
      if (first === QUOTE) cursor.string();
      else if (cursor.literal() !== 'n') this.#wrongType(start);
    }
  }

  /** Something that is no object: `null` is an event without anything, all else the server refuses. */
  #noObject(): void {
    if (this.cursor.literal() !== 'n') this.#wrongType(this.start);
  }
}

/** Whether a number, an integer unless it may be a float64, is one of its type. */
function isInRange(bytes: Buffer, start: number, end: number, type: 'int64' | 'uint64' | 'float64'): boolean {
  const length = end - start;
  const isWhole = type !== 'float64';
  if (isWhole && length > 20) return false;
  if (type === 'uint64' && bytes[start] === MINUS) return false;
  // No sign or the smallest digits before 18 others: no int64 is that long.
  if (isWhole && (length < 19 || (length === 19 && bytes[start]! < NINE))) return true;
  const lexeme = bytes.toString('latin1', start, end);
  if (!isWhole) return Number.isFinite(Number(lexeme));
  const value = BigInt(lexeme);
  return type === 'int64' ? value >= INT64_MIN && value <= INT64_MAX : value <= UINT64_MAX;
}

/**
 * Scans a text that should be one JSON value and nothing else, such as a line of a file.
 * Returns the scanner, or `undefined` where the text is something else.
 */
export function scanLine(bytes: Buffer): EventScanner | undefined {
  const scanner = new EventScanner(bytes);
  return scanner.scanLine(0, bytes.length) ? scanner : undefined;
}
