import { foldKey, type Field, type ObjectSchema } from '../event/schema.ts';
import type { WireObject, WireValue } from './go-json.ts';
import { isInt64 } from './sync-request.ts';

const SPACE = /[ \t\r\n]*/y;
const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"|[[\]{}:,]|[^ \t\r\n",:[\]{}]+/y;
const MAX_DEPTH = 10_000;

/**
 * Takes a JSON text apart as Go's decoder does, token by token: slow, plain, and a second opinion beside the client's
 * scanner. All of it throws SyntaxError where Go reports an error.
 * Source: specification, "Traps in the content strings".
 */
export class GoDecoder {
  readonly text: string;
  /** Behind the last token. */
  pos = 0;
  #depth = 0;

  /** The text's first value; what follows it is not looked at, as Go leaves it in the stream. */
  constructor(text: string) {
    this.text = text;
    this.skip();
    this.text = text.slice(0, this.pos);
    JSON.parse(this.text); // so that nothing below needs to look at the grammar
    this.pos = 0;
  }

  /** Passes the next token and returns it. */
  next(): string {
    this.peek();
    TOKEN.lastIndex = this.pos;
    const [token] = TOKEN.exec(this.text) ?? [];
    if (token === undefined) throw new SyntaxError('The text ends too early.');
    this.pos = TOKEN.lastIndex;
    if (token === '{' || token === '[') this.#depth++;
    if (token === '}' || token === ']') this.#depth--;
    if (this.#depth > MAX_DEPTH) throw new SyntaxError('exceeded max depth');
    return token;
  }

  /** The first character of the next token. */
  peek(): string {
    SPACE.lastIndex = this.pos;
    SPACE.test(this.text);
    this.pos = SPACE.lastIndex;
    return this.text.charAt(this.pos);
  }

  skip(): void {
    const outer = this.#depth;
    do this.next();
    while (this.#depth > outer);
  }

  /** Calls `take` for each key of the object that comes, its value yet to be passed; `null` has none. */
  object(take: (key: string) => void): void {
    if (this.next() === 'null') return;
    if (this.text[this.pos - 1] !== '{') throw wrongType();
    for (let token = this.next(); token !== '}'; token = this.next()) {
      const key = token === ',' ? this.next() : token;
      this.next(); // the colon
      take(JSON.parse(key) as string);
    }
  }

  /** Calls `take` at each element of the list that comes. Returns whether there is one, and no `null`. */
  list(take: () => void): boolean {
    const opening = this.next();
    if (opening === 'null') return false;
    if (opening !== '[') throw wrongType();
    while (this.peek() !== ']') {
      if (this.peek() === ',') this.next();
      take();
    }
    this.next();
    return true;
  }

  /** What Go reads into a struct: known fields by their canonical names, `null` and absent ones left out. */
  struct(schema: ObjectSchema, into: Record<string, WireValue | undefined> = {}): WireObject {
    this.object((key) => {
      const field = schema.exact.get(key) ?? schema.folded.get(foldKey(key));
      if (field === undefined) this.skip();
      else this.#field(field, into);
    });
    return into;
  }

  #field({ name, type }: Field, into: Record<string, WireValue | undefined>): void {
    if (typeof type !== 'string') {
      // A payload is a pointer: null clears it, and one that comes again is read into the first.
      if (this.peek() === '{') into[name] = this.struct(type, { ...(into[name] as WireObject | undefined) });
      else if (this.next() === 'null') Reflect.deleteProperty(into, name);
      else throw wrongType();
    } else if (type === 'strings') {
      const texts: string[] = [];
      const isThere = this.list(() => texts.push((this.scalar('string') as string | undefined) ?? ''));
      if (isThere) into[name] = texts;
      else Reflect.deleteProperty(into, name);
    } else {
      const value = this.scalar(type);
      if (value !== undefined) into[name] = value;
    }
  }

  /** `undefined` for null, which leaves a scalar as it was. */
  scalar(type: 'string' | 'int64' | 'uint64' | 'float64' | 'bool'): WireValue | undefined {
    const token = this.next();
    if (token === 'null') return undefined;
    const value = readScalar(token, type);
    if (value === undefined) throw wrongType();
    return value;
  }
}

function readScalar(token: string, type: Parameters<GoDecoder['scalar']>[0]): WireValue | undefined {
  if (type === 'string') return token.startsWith('"') ? (JSON.parse(token) as string) : undefined;
  if (type === 'bool') return token === 'true' || token === 'false' ? token === 'true' : undefined;
  if (!/^[-\d]/.test(token)) return undefined;
  if (type === 'float64') return Number.isFinite(Number(token)) ? Number(token) : undefined;
  if (!/^-?\d+$/.test(token)) return undefined;
  const value = BigInt(token);
  const fits =
    type === 'int64' ? isInt64(value) : !token.startsWith('-') && BigInt.asUintN(64, value) === value;
  return fits ? value : undefined;
}

function wrongType(): SyntaxError {
  return new SyntaxError('a value of a wrong type');
}
