import { ESCAPED, NON_ASCII } from './json-string.ts';

/** What `peek` says at the end of the text: no byte. */
export const END = -1;

/** Thrown where the bytes are no JSON; whoever owns the cursor turns it into an error or a verdict of its own. */
export class NotJson extends Error {
  readonly position: number;
  constructor(position: number) {
    super(`no JSON at byte ${position}`);
    this.position = position;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_E = 0x65;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const LITERALS = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]));
const ESCAPE_LETTERS = new Set(Buffer.from('"\\/bfnrt'));
/** 1 for each byte that a string's loop cannot just pass. */
const IS_SPECIAL = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte < 0x20 || byte >= 0x80 || byte === QUOTE || byte === BACKSLASH || byte === COLON),
);

/**
 * Walks over JSON text without building anything, in linear time and without recursion, checking the grammar of
 * RFC 8259 as Go's decoder does. Longer than most files here: the grammar is one job, and its parts share the position.
 */
export class JsonCursor {
  readonly bytes: Buffer;
  pos: number;
  /** Where the text ends, as far as the cursor goes: the bytes may go on. */
  end: number;
  /** Open containers around `pos`, and the deepest that this was since `resetTraits`. */
  depth = 0;
  maxDepth = 0;
  /** What was passed since `resetTraits`. */
  sawNonAscii = false;
  sawLoneSurrogate = false;
  sawLineBreak = false;
  /** A colon within a string, or an escape that may be one. */
  sawColon = false;
  /** ESCAPED and NON_ASCII of the string that `string` passed last. */
  traits = 0;
  /** Whether the number that `number` passed last has neither fraction nor exponent. */
  isInteger = false;
  /** For each open container: 1 if it is an object. Only `skip` needs it. */
  #isObject = new Uint8Array(64);

  constructor(bytes: Buffer, pos = 0) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = bytes.length;
  }

  /** Begins anew, with a text that is a part of the bytes. */
  enter(start: number, end: number): void {
    this.pos = start;
    this.end = end;
    this.depth = 0;
  }

  resetTraits(): void {
    this.maxDepth = this.depth;
    this.sawNonAscii = false;
    this.sawLoneSurrogate = false;
    this.sawLineBreak = false;
    this.sawColon = false;
  }

  /** The byte behind any white space, not passed yet; `END` at the end. */
  peek(): number {
    const { bytes, end } = this;
    for (; this.pos < end; this.pos++) {
      const code = bytes[this.pos]!;
      if (code > 0x20) return code;
      if (code === 0x0a || code === 0x0d) this.sawLineBreak = true;
      else if (code !== 0x20 && code !== 0x09) return code;
    }
    return END;
  }

  /** The byte right here; `END` at the end. */
  #here(): number {
    return this.pos < this.end ? this.bytes[this.pos]! : END;
  }

  /** Passes this character, or says that it is not there. */
  take(code: number): boolean {
    if (this.peek() !== code) return false;
    this.pos++;
    return true;
  }

  /** Passes these very bytes, or says that they do not stand right here. */
  takeBytes(wanted: Uint8Array): boolean {
    const { bytes, pos } = this;
    const { length } = wanted;
    if (pos + length > this.end) return false;
    for (let at = 0; at < length; at++) if (bytes[pos + at] !== wanted[at]) return false;
    this.pos = pos + length;
    return true;
  }

  expect(code: number): void {
    if (!this.take(code)) this.fail();
  }

  fail(): never {
    throw new NotJson(this.pos);
  }

  /** Passes `{`; true if a first member follows. Then: `key`, a value, `anotherMember`, until that is false. */
  openObject(): boolean {
    this.#open(OPEN_OBJECT);
    return !this.#close(CLOSE_OBJECT);
  }

  anotherMember(): boolean {
    if (this.take(COMMA)) return true;
    if (!this.#close(CLOSE_OBJECT)) this.fail();
    return false;
  }

  /** Passes a member's key and its colon; `keyStart` and `keyEnd` bound the key's inside, `traits` are the key's. */
  keyStart = 0;
  keyEnd = 0;
  key(): void {
    this.string();
    this.keyStart = this.stringStart;
    this.keyEnd = this.pos - 1;
    this.expect(COLON);
  }

  openArray(): boolean {
    this.#open(OPEN_ARRAY);
    return !this.#close(CLOSE_ARRAY);
  }

  anotherElement(): boolean {
    if (this.take(COMMA)) return true;
    if (!this.#close(CLOSE_ARRAY)) this.fail();
    return false;
  }

  #open(code: number): void {
    this.expect(code);
    this.depth++;
    if (this.depth > this.maxDepth) this.maxDepth = this.depth;
  }

  #close(code: number): boolean {
    if (!this.take(code)) return false;
    this.depth--;
    return true;
  }

  /** Passes a string; its inside is from `stringStart` to `pos - 1`. */
  stringStart = 0;
  string(): void {
    this.expect(QUOTE);
    const { bytes, end } = this;
    let at = this.pos;
    let traits = 0;
    this.stringStart = at;
    for (;;) {
      while (
        at + 3 < end &&
        (IS_SPECIAL[bytes[at]!]! |
          IS_SPECIAL[bytes[at + 1]!]! |
          IS_SPECIAL[bytes[at + 2]!]! |
          IS_SPECIAL[bytes[at + 3]!]!) ===
          0
      )
        at += 4;
      while (at < end && IS_SPECIAL[bytes[at]!] === 0) at++;
      const code = at < end ? bytes[at]! : END;
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        traits |= ESCAPED;
        this.sawColon = true;
        at = this.#escape(at + 1);
      } else if (code === COLON) {
        this.sawColon = true;
        at++;
      } else if (code >= 0x80) {
        traits |= NON_ASCII;
        at++;
      } else {
        this.pos = at;
        this.fail(); // a control character, or the end of the text
      }
    }
    this.pos = at + 1;
    this.traits = traits;
    if (traits & NON_ASCII) this.sawNonAscii = true;
  }

  /** The position behind the escape whose backslash is before `at`. */
  #escape(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== LETTER_U) {
      if (ESCAPE_LETTERS.has(bytes[at]!)) return at + 1;
      this.pos = at;
      this.fail();
    }
    const unit = this.#hex(at + 1);
    if (unit < 0xd800 || unit > 0xdfff) return at + 5;
    const paired =
      unit < 0xdc00 &&
      bytes[at + 5] === BACKSLASH &&
      bytes[at + 6] === LETTER_U &&
      (this.#hex(at + 7) & 0xfc00) === 0xdc00;
    if (!paired) this.sawLoneSurrogate = true;
    return paired ? at + 11 : at + 5;
  }

  #hex(at: number): number {
    const digits = this.bytes.toString('latin1', at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      this.pos = at;
      this.fail();
    }
    return Number.parseInt(digits, 16);
  }

  /** Passes a number; false, and nothing passed, where there is none. */
  number(): boolean {
    const first = this.peek();
    if (first !== MINUS && !(first >= ZERO && first <= NINE)) return false;
    if (first === MINUS) this.pos++;
    if (this.#here() === ZERO) this.pos++;
    else this.#digits();
    this.isInteger = true;
    if (this.#here() === POINT) {
      this.isInteger = false;
      this.pos++;
      this.#digits();
    }
    // The bit tells small letters from capitals.
    if ((this.#here() | 0x20) === LETTER_E) {
      this.isInteger = false;
      this.pos++;
      const sign = this.#here();
      if (sign === PLUS || sign === MINUS) this.pos++;
      this.#digits();
    }
    return true;
  }

  #digits(): void {
    const { bytes, pos, end } = this;
    let at = pos;
    while (at < end && bytes[at]! >= ZERO && bytes[at]! <= NINE) at++;
    this.pos = at;
    if (at === pos) this.fail();
  }

  /** Passes `true`, `false` or `null` and returns its first letter; '' and nothing passed where there is none. */
  literal(): string {
    const first = this.peek();
    const word = LITERALS.get(first);
    return word !== undefined && this.takeBytes(word) ? String.fromCharCode(first) : '';
  }

  /** Passes any value. */
  skip(): void {
    const base = this.depth;
    for (;;) {
      const code = this.peek();
      let opened = false;
      if (code === OPEN_OBJECT) {
        opened = this.openObject();
        if (opened) {
          this.#mark(1);
          this.key();
        }
      } else if (code === OPEN_ARRAY) {
        opened = this.openArray();
        if (opened) this.#mark(0);
      } else if (code === QUOTE) this.string();
      else if (!this.number() && this.literal() === '') this.fail();
      if (!opened && !this.#nextInside(base)) return;
    }
  }

  /** After a value inside the containers above `base`: moves to the next value; false when all of them are closed. */
  #nextInside(base: number): boolean {
    while (this.depth > base) {
      if (this.#isObject[this.depth] === 1) {
        if (this.anotherMember()) {
          this.key();
          return true;
        }
      } else if (this.anotherElement()) return true;
    }
    return false;
  }

  #mark(isObject: 0 | 1): void {
    if (this.depth >= this.#isObject.length) {
      const larger = new Uint8Array(this.#isObject.length * 4);
      larger.set(this.#isObject);
      this.#isObject = larger;
    }
    this.#isObject[this.depth] = isObject;
  }
}
