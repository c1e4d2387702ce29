import { isUtf8 } from 'node:buffer';
import type { HostileReason } from './event-view.ts';
import { JsonCursor, NotJson } from './json-cursor.ts';
import { decodeJsonString } from './json-string.ts';
import { EVENT_SCHEMA, foldKey, type Field, type ObjectSchema } from './schema.ts';

const SLOTS = EVENT_SCHEMA.endSlot;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
/** Every integer of so few characters is in range. */
const SURELY_IN_RANGE = 18;
/** Go refuses to decode deeper than 10,000; an event always travels two levels down, in a list in an object. */
const MAX_DEPTH = 10_000 - 2;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const QUOTE = 0x22;

/**
 * Scans one event after another from a text, reading what a nara's server would read, and building nothing: it leaves
 * byte ranges in slots (one for each field of the schema), valid until the next scan. `readEvent` makes a view of them.
 *
 * Where the server reads otherwise than the text looks (or would choke), `hostile` holds the first reason seen.
 * As in Go: of several members the last scalar wins, `null` leaves a scalar and clears a payload, a payload given twice
 * is merged.
 */
export class EventScanner {
  readonly bytes: Buffer;
  readonly cursor: JsonCursor;
  start = 0;
  end = 0;
  hostile: HostileReason | undefined;
  /** A key that no nara knows. */
  hasUnknownKey = false;
  /** Per slot: start of the key's quote (-1: no such member), start and end of the value (-1: absent or null), traits. */
  readonly #slots = new Int32Array(SLOTS * 4);

  /** `text` is `bytes` as latin1; give it where it is at hand. */
  constructor(bytes: Buffer, text = bytes.toString('latin1')) {
    this.bytes = bytes;
    this.cursor = new JsonCursor(text);
  }

  /** Scans the JSON value at the cursor, whatever it is. Throws `NotJson` where the grammar breaks. */
  scan(): void {
    const { cursor } = this;
    const first = cursor.peek();
    this.start = cursor.pos;
    this.hostile = undefined;
    this.hasUnknownKey = false;
    this.#slots.fill(-1);
    const outer = cursor.depth;
    cursor.resetTraits();
    if (first === OPEN_OBJECT) this.#object(EVENT_SCHEMA);
    else this.#other();
    this.end = cursor.pos;
    if (cursor.maxDepth - outer > MAX_DEPTH) this.#blame('too-deep');
    if (cursor.sawLoneSurrogate) this.#blame('lone-surrogate');
    if (cursor.sawLineBreak) this.#blame('line-break');
    if (cursor.sawNonAscii && !isUtf8(this.bytes.subarray(this.start, this.end))) this.#blame('invalid-utf8');
  }

  /** A string field as Go reads it, '' where it is absent. */
  string(slot: number): string {
    const start = this.#slots[slot * 4 + 1]!;
    if (start === -1) return '';
    return decodeJsonString(
      this.cursor.text.slice(start, this.#slots[slot * 4 + 2]),
      this.#slots[slot * 4 + 3]!,
    );
  }

  /** An integer field in decimal, '0' where it is absent. */
  integer(slot: number): string {
    const lexeme = this.lexeme(slot);
    return lexeme === '' || lexeme === '-0' ? '0' : lexeme;
  }

  /** A list of strings; `null` among them is ''. */
  strings(slot: number): string[] {
    const lexeme = this.lexeme(slot);
    const list: string[] = [];
    const cursor = new JsonCursor(lexeme);
    for (let more = lexeme !== '' && cursor.openArray(); more; more = cursor.anotherElement()) {
      if (cursor.literal() === 'n') list.push('');
      else {
        cursor.string();
        list.push(decodeJsonString(lexeme.slice(cursor.stringStart, cursor.pos - 1), cursor.traits));
      }
    }
    return list;
  }

  /** The bytes of a number or list as they stand there, '' where it is absent. */
  lexeme(slot: number): string {
    const start = this.#slots[slot * 4 + 1]!;
    return start === -1 ? '' : this.cursor.text.slice(start, this.#slots[slot * 4 + 2]);
  }

  has(slot: number): boolean {
    return this.#slots[slot * 4 + 1] !== -1;
  }

  /** Byte range of a whole member, key and value; `undefined` where it is absent or null. */
  member(slot: number): { start: number; end: number } | undefined {
    const start = this.#slots[slot * 4 + 1]!;
    if (start === -1) return undefined;
    const end = this.#slots[slot * 4 + 2]!;
    const isString = this.cursor.text.charCodeAt(start - 1) === QUOTE;
    return { start: this.#slots[slot * 4]!, end: isString ? end + 1 : end };
  }

  #blame(reason: HostileReason): void {
    this.hostile ??= reason;
  }

  #object(schema: ObjectSchema): void {
    const { cursor } = this;
    for (let more = cursor.openObject(); more; more = cursor.anotherMember()) {
      cursor.key();
      const field = this.#field(schema);
      if (field === undefined) {
        this.hasUnknownKey = true;
        cursor.skip();
        continue;
      }
      const at = field.slot * 4;
      if (this.#slots[at] !== -1) this.#blame('duplicate-key');
      this.#slots[at] = cursor.keyStart - 1;
      this.#value(field);
    }
  }

  #field(schema: ObjectSchema): Field | undefined {
    const { cursor } = this;
    const raw = cursor.text.slice(cursor.keyStart, cursor.keyEnd);
    const exact = schema.exact.get(raw);
    if (exact !== undefined) return exact;
    const key = decodeJsonString(raw, cursor.traits);
    const spelledOut = schema.exact.get(key);
    if (spelledOut !== undefined) return spelledOut;
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
      } else if (cursor.literal() === 'n') this.#slots.fill(-1, slot * 4 + 1, type.endSlot * 4);
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
      else if (!isInRange(cursor.text.slice(start, cursor.pos), type)) this.#blame('number-range');
      else this.#set(slot, start, cursor.pos);
    } else if (cursor.literal() !== 'n') this.#wrongType(start);
  }

  #set(slot: number, start: number, end: number, traits = 0): void {
    this.#slots[slot * 4 + 1] = start;
    this.#slots[slot * 4 + 2] = end;
    this.#slots[slot * 4 + 3] = traits;
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
  #other(): void {
    if (this.cursor.literal() !== 'n') this.#wrongType(this.start);
  }
}

function isInRange(lexeme: string, type: 'int64' | 'uint64' | 'float64'): boolean {
  if (type === 'float64') return Number.isFinite(Number(lexeme));
  if (lexeme.length <= SURELY_IN_RANGE) return type === 'int64' || !lexeme.startsWith('-');
  if (lexeme.length > 20) return false;
  const value = BigInt(lexeme);
  return type === 'int64' ? value >= INT64_MIN && value <= INT64_MAX : value >= 0n && value <= UINT64_MAX;
}

/**
 * Scans a text that should be one JSON value and nothing else, such as a line of a file.
 * Returns the scanner, or `undefined` where the text is something else.
 */
export function scanLine(bytes: Buffer): EventScanner | undefined {
  const scanner = new EventScanner(bytes);
  try {
    scanner.scan();
    return Number.isNaN(scanner.cursor.peek()) ? scanner : undefined;
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}
