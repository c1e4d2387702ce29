import { END, JsonCursor } from '../event/json-cursor.ts';
import { walkJson, type JsonVisitor } from '../event/json-walk.ts';

const QUOTE = 0x22;

/**
 * The members of a JSON object by key, each value as its bytes, so that numbers keep their digits. The bytes are UTF-8.
 * Throws `NotJson`, also for another value and for a key that comes twice, where nobody can tell which one counts.
 */
export function membersOf(bytes: Buffer): Map<string, Buffer> {
  const cursor = new JsonCursor(bytes);
  const members = new Map<string, Buffer>();
  for (let isThere = cursor.openObject(); isThere; isThere = cursor.anotherMember()) {
    cursor.key();
    const key = JSON.parse(`"${bytes.toString('utf8', cursor.keyStart, cursor.keyEnd)}"`) as string;
    if (members.has(key)) cursor.fail();
    members.set(key, passValue(cursor));
  }
  if (cursor.peek() !== END) cursor.fail();
  return members;
}

/** The elements of a JSON array, each as its bytes. Throws `NotJson`, also for another value. */
export function elementsOf(bytes: Buffer): Buffer[] {
  const cursor = new JsonCursor(bytes);
  const elements: Buffer[] = [];
  for (let isThere = cursor.openArray(); isThere; isThere = cursor.anotherElement()) {
    elements.push(passValue(cursor));
  }
  if (cursor.peek() !== END) cursor.fail();
  return elements;
}

function passValue(cursor: JsonCursor): Buffer {
  cursor.peek();
  const start = cursor.pos;
  cursor.skip();
  return cursor.bytes.subarray(start, cursor.pos);
}

/** The string that a value is; `undefined` for other values and for none. The bytes come from above: their grammar was checked. */
export function stringOf(value: Buffer | undefined): string | undefined {
  return value?.[0] === QUOTE ? (JSON.parse(value.toString('utf8')) as string) : undefined;
}

/** The number that a value is, as it is spelled; `undefined` as with `stringOf`. */
export function numberOf(value: Buffer | undefined): string | undefined {
  const text = value?.toString('latin1') ?? '';
  return /^[-\d]/.test(text) ? text : undefined;
}

export function isLiteral(value: Buffer | undefined, word: 'true' | 'false' | 'null'): boolean {
  return value?.toString('latin1') === word;
}

/** A JSON value on one line, without blanks, its numbers as they were spelled. However deep. Throws `NotJson`. */
export function compactJson(value: Buffer): string {
  const compactor = new Compactor();
  walkJson(value, compactor);
  return compactor.text;
}

class Compactor implements JsonVisitor {
  text = '';
  readonly #ends: string[] = [];
  #isFirst = true;

  open(isObject: boolean): void {
    this.#put(isObject ? '{' : '[');
    this.#ends.push(isObject ? '}' : ']');
    this.#isFirst = true;
  }

  close(): void {
    this.text += this.#ends.pop() ?? '';
    this.#isFirst = false;
  }

  key(text: string): void {
    this.#put(`${JSON.stringify(text)}:`);
    this.#isFirst = true; // its value takes no comma
  }

  string(text: string): void {
    this.#put(JSON.stringify(text));
  }

  number(lexeme: string): void {
    this.#put(lexeme);
  }

  literal(word: string): void {
    this.#put(word);
  }

  #put(text: string): void {
    this.text += this.#isFirst ? text : `,${text}`;
    this.#isFirst = false;
  }
}
