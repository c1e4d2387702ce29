import { END, JsonCursor } from './json-cursor.ts';

/** Is told of a JSON text's parts, in order, each once. Strings are as JavaScript reads them: lone surrogates stay. */
export interface JsonVisitor {
  open(isObject: boolean): void;
  close(): void;
  /** Of the member whose value comes next. */
  key(text: string): void;
  string(text: string): void;
  /** As it is spelled. */
  number(lexeme: string): void;
  /** `true`, `false` or `null`. */
  literal(word: string): void;
  /** Words that this reader takes for values beside them; `literal` is told. */
  readonly constants?: readonly Buffer[];
}

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const QUOTE = 0x22;

/**
 * Walks over one JSON value and the blanks around it, without recursion, so that no depth is too deep. The bytes are
 * UTF-8. Throws `NotJson`, when part of the text may have been told already.
 */
export function walkJson(bytes: Buffer, visitor: JsonVisitor): void {
  const cursor = new JsonCursor(bytes);
  const isObject: boolean[] = [];
  do {
    const code = cursor.peek();
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      const isFilled = code === OPEN_OBJECT ? cursor.openObject() : cursor.openArray();
      visitor.open(code === OPEN_OBJECT);
      if (isFilled) {
        isObject.push(code === OPEN_OBJECT);
        if (code === OPEN_OBJECT) takeKey(cursor, visitor);
        continue;
      }
      visitor.close();
    } else takeScalar(cursor, visitor);
    while (isObject.length > 0) {
      const hasMore = isObject.at(-1) === true ? cursor.anotherMember() : cursor.anotherElement();
      if (hasMore) {
        if (isObject.at(-1) === true) takeKey(cursor, visitor);
        break;
      }
      isObject.pop();
      visitor.close();
    }
  } while (isObject.length > 0);
  if (cursor.peek() !== END) cursor.fail();
}

function takeKey(cursor: JsonCursor, visitor: JsonVisitor): void {
  cursor.key();
  visitor.key(textOf(cursor.bytes, cursor.keyStart, cursor.keyEnd));
}

function takeScalar(cursor: JsonCursor, visitor: JsonVisitor): void {
  const first = cursor.peek();
  const { bytes, pos } = cursor;
  const constant = visitor.constants?.find((word) => cursor.takeBytes(word));
  if (constant !== undefined) visitor.literal(constant.toString('latin1'));
  else if (first === QUOTE) {
    cursor.string();
    visitor.string(textOf(bytes, cursor.stringStart, cursor.pos - 1));
  } else if (cursor.number()) visitor.number(bytes.toString('latin1', pos, cursor.pos));
  else if (cursor.literal() !== '') visitor.literal(bytes.toString('latin1', pos, cursor.pos));
  else cursor.fail();
}

/** From the inside of a string whose grammar was checked. */
function textOf(bytes: Buffer, start: number, end: number): string {
  return JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string;
}
