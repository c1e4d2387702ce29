import { JsonCursor } from './json-cursor.ts';
import { decodeJsonString } from './json-string.ts';
import { EVENT_SCHEMA } from './schema.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const BILLION = 1_000_000_000n;

/** Where the fields of one event stand among bytes: a slot for each field of the schema. Reads what it is asked for. */
export class EventSlots {
  readonly bytes: Buffer;
  /** Per slot: start of the key's quote (-1: no such member), start and end of the value (-1: absent or null), traits. */
  protected readonly slots = new Int32Array(EVENT_SCHEMA.endSlot * 4);

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  has(slot: number): boolean {
    return this.slots[slot * 4 + 1] !== -1;
  }

  /** Whether a string field is there and not ''. */
  isFilled(slot: number): boolean {
    return this.slots[slot * 4 + 2]! > this.slots[slot * 4 + 1]!;
  }

  /** A string field as Go reads it, '' where it is absent. */
  string(slot: number): string {
    const start = this.slots[slot * 4 + 1]!;
    if (start === -1) return '';
    return decodeJsonString(this.bytes, start, this.slots[slot * 4 + 2]!, this.slots[slot * 4 + 3]!);
  }

  /** Whether a string field is this ASCII text. */
  is(slot: number, text: string): boolean {
    if (this.slots[slot * 4 + 3]! > 0) return this.string(slot) === text;
    const start = this.slots[slot * 4 + 1]!;
    if (this.slots[slot * 4 + 2]! - start !== text.length) return false;
    for (let at = 0; at < text.length; at++) {
      if (this.bytes[start + at] !== text.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Bytes of a string field in UTF-8. */
  byteLength(slot: number): number {
    if (this.slots[slot * 4 + 3]! > 0) return Buffer.byteLength(this.string(slot));
    return this.slots[slot * 4 + 2]! - this.slots[slot * 4 + 1]!;
  }

  /** Copies a field's value to that place and returns where it ends: a string in UTF-8, a number as it stands there. */
  copy(slot: number, target: Buffer, to: number): number {
    const start = this.slots[slot * 4 + 1]!;
    const end = this.slots[slot * 4 + 2]!;
    if (this.slots[slot * 4 + 3]! > 0) return to + target.write(this.string(slot), to);
    const { bytes } = this;
    // Most are short: a loop beats the call of a copy.
    for (let at = start; at < end; at++) target[to++] = bytes[at]!;
    return to;
  }

  /** An integer field in decimal, '0' where it is absent. */
  integer(slot: number): string {
    return this.lexeme(slot) || '0';
  }

  /** An integer field as a number, 0 where it is absent. */
  int64(slot: number): bigint {
    const start = this.slots[slot * 4 + 1]!;
    const end = this.slots[slot * 4 + 2]!;
    // Two halves that doubles can hold: that is faster than by a string.
    const middle = Math.max(end - 9, start);
    const value = BigInt(this.#digits(start, middle)) * BILLION + BigInt(this.#digits(middle, end));
    return this.bytes[start] === MINUS ? -value : value;
  }

  #digits(start: number, end: number): number {
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = this.bytes[at]!;
      if (digit !== MINUS) value = value * 10 + digit - ZERO;
    }
    return value;
  }

  /** A number as it stands there, '' where it is absent. */
  lexeme(slot: number): string {
    const start = this.slots[slot * 4 + 1]!;
    return start === -1 ? '' : this.bytes.toString('latin1', start, this.slots[slot * 4 + 2]);
  }

  /** A list of strings; `null` among them is ''. */
  strings(slot: number): string[] {
    const list: string[] = [];
    if (!this.has(slot)) return list;
    const { bytes } = this;
    const cursor = new JsonCursor(bytes, this.slots[slot * 4 + 1]);
    for (let more = cursor.openArray(); more; more = cursor.anotherElement()) {
      if (cursor.literal() === 'n') list.push('');
      else {
        cursor.string();
        list.push(decodeJsonString(bytes, cursor.stringStart, cursor.pos - 1, cursor.traits));
      }
    }
    return list;
  }

  /** Byte range of a whole member, key and value; `undefined` where it is absent or null. */
  member(slot: number): { start: number; end: number } | undefined {
    const start = this.slots[slot * 4 + 1]!;
    if (start === -1) return undefined;
    const end = this.slots[slot * 4 + 2]!;
    const isString = this.bytes[start - 1] === QUOTE;
    return { start: this.slots[slot * 4]!, end: isString ? end + 1 : end };
  }
}
