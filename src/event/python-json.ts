import { isUtf8 } from 'node:buffer';
import { NotJson } from './json-cursor.ts';
import { walkJson, type JsonVisitor } from './json-walk.ts';
import { compareCodePoints } from './code-points.ts';
import { pythonNumber } from './python-number.ts';

/** A JSON value as Python's `json.loads` reads it and `json.dumps` would write it. May be of any depth: walk it, never recurse. */
export type JsonNode =
  /** As Python prints it: a number, a literal, or an escaped string with its quotes. */
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  /** By keys as JavaScript reads them, lone surrogates included, in the order of their first coming. */
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> };

/** The arguments of `json.dumps`; blanks at the end of `itemSeparator` are left out at line ends. */
export interface PythonStyle {
  readonly itemSeparator: string;
  readonly keySeparator: string;
  /** Blanks for each level, each item on a line of its own; not given: all on one line. */
  readonly indent?: number;
  readonly sortKeys: boolean;
}

/** What Python's decoder takes though RFC 8259 does not know it, and its encoder writes as it is. */
const CONSTANTS = ['NaN', 'Infinity', '-Infinity'].map((word) => Buffer.from(word));

/**
 * Reads one JSON text in UTF-8. Of equal keys the last value wins, in the place of the first; `NaN`, `Infinity` and
 * `-Infinity` are numbers. More is taken than Python takes in two places: depth, and integers of over 4,300 digits.
 * Throws `NotJson`, also for bytes that are no UTF-8 and for a byte order mark.
 */
export function readPythonJson(bytes: Buffer): JsonNode {
  if (!isUtf8(bytes)) throw new NotJson(0);
  const builder = new NodeBuilder();
  walkJson(bytes, builder);
  return builder.root!;
}

/** The node of a string. */
export function stringNode(text: string): JsonNode {
  return { kind: 'scalar', text: quote(text) };
}

interface OpenNode {
  readonly items: JsonNode[] | undefined;
  readonly members: Map<string, JsonNode>;
  key: string;
}

class NodeBuilder implements JsonVisitor {
  root: JsonNode | undefined;
  readonly constants = CONSTANTS;
  readonly #open: OpenNode[] = [];

  open(isObject: boolean): void {
    this.#open.push({ items: isObject ? undefined : [], members: new Map(), key: '' });
  }

  close(): void {
    const { items, members } = this.#open.pop()!;
    this.#value(items === undefined ? { kind: 'object', members } : { kind: 'array', items });
  }

  key(text: string): void {
    this.#open.at(-1)!.key = text;
  }

  string(text: string): void {
    this.#value(stringNode(text));
  }

  number(lexeme: string): void {
    this.literal(pythonNumber(lexeme));
  }

  literal(word: string): void {
    this.#value({ kind: 'scalar', text: word });
  }

  #value(node: JsonNode): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) this.root = node;
    else if (parent.items !== undefined) parent.items.push(node);
    else parent.members.set(parent.key, node);
  }
}

/** What `json.dumps` makes of it with `ensure_ascii`, as it is by default. Throws RangeError beyond JavaScript's longest string. */
export function writePythonJson(node: JsonNode, style: PythonStyle): string {
  let text = '';
  for (const piece of pythonJsonPieces(node, style)) text += piece;
  return text;
}

/** An array or object that is being written: what is left of it. */
interface Rest {
  readonly members: Iterator<readonly [key: string | undefined, value: JsonNode]>;
  readonly close: string;
  /** Before the next member: nothing for the first. */
  separator: string;
}

/** `writePythonJson` piece by piece, for who sets a bound: indented, a text can be much larger than what it was read from. */
export function* pythonJsonPieces(node: JsonNode, style: PythonStyle): Generator<string, void, undefined> {
  const { indent, keySeparator } = style;
  const itemSeparator = indent === undefined ? style.itemSeparator : style.itemSeparator.trimEnd();
  const lineAt = (depth: number): string => (indent === undefined ? '' : '\n' + ' '.repeat(indent * depth));
  const open: Rest[] = [];
  let value: JsonNode | undefined = node;
  while (value !== undefined) {
    const rest = restOf(value, style.sortKeys);
    if (rest === undefined) yield textOf(value);
    else {
      yield value.kind === 'object' ? '{' : '[';
      open.push(rest);
    }
    value = undefined;
    while (value === undefined && open.length > 0) {
      const inner = open.at(-1)!;
      const next = inner.members.next();
      if (next.done === true) {
        open.pop();
        yield lineAt(open.length) + inner.close;
      } else {
        const [key, member] = next.value;
        yield inner.separator + lineAt(open.length) + (key === undefined ? '' : quote(key) + keySeparator);
        inner.separator = itemSeparator;
        value = member;
      }
    }
  }
}

/** `undefined` for what has no inside. */
function restOf(node: JsonNode, sortKeys: boolean): Rest | undefined {
  if (node.kind === 'scalar') return undefined;
  if (node.kind === 'array') {
    if (node.items.length === 0) return undefined;
    return {
      members: node.items.map((item) => [undefined, item] as const).values(),
      close: ']',
      separator: '',
    };
  }
  if (node.members.size === 0) return undefined;
  if (!sortKeys) return { members: node.members.entries(), close: '}', separator: '' };
  const sorted = [...node.members].sort(([a], [b]) => compareCodePoints(a, b));
  return { members: sorted.values(), close: '}', separator: '' };
}

function textOf(node: JsonNode): string {
  return node.kind === 'scalar' ? node.text : node.kind === 'array' ? '[]' : '{}';
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\f', '\\f'],
  ['\b', '\\b'],
]);

/** All but printable ASCII is escaped, U+007F too, each UTF-16 unit for itself. */
function quote(text: string): string {
  const inside = text.replace(/[^ !#-[\]-~]/g, (unit) => {
    return SHORT_ESCAPES.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${inside}"`;
}
