import { STRING_OR_NUMBER } from './exact-json.ts';
import { encodeGoJson } from './go-json.ts';

const MAX_DEPTH = 10_000;

type GoValue = string | number | boolean | null | readonly GoValue[] | { readonly [key: string]: GoValue };

/**
 * A JSON text as it comes out of Go's `map[string]any`: numbers are doubles, keys sorted by their bytes, of equal keys
 * the last is left, lone surrogates are U+FFFD, and `null` is all that is left of anything but an object. `undefined`
 * where Go reports an error. Source: specification, "Stash".
 */
export function throughGoMap(text: string): string | undefined {
  let value: GoValue;
  try {
    value = JSON.parse(text) as GoValue;
  } catch {
    return undefined;
  }
  if (!fitsDoubles(text) || isTooDeep(text)) return undefined;
  return isObject(value) ? encode(value) : 'null';
}

function encode(value: GoValue): string {
  if (typeof value === 'string') return encodeGoJson(value.toWellFormed());
  if (isList(value)) return `[${value.map(encode).join(',')}]`;
  if (!isObject(value)) return encodeGoJson(value);
  const members = new Map(Object.entries(value).map(([key, member]) => [key.toWellFormed(), member]));
  return `{${[...members]
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([key, member]) => `${encodeGoJson(key)}:${encode(member)}`)
    .join(',')}}`;
}

/** Go refuses numbers that are too large, also where another value comes after. */
function fitsDoubles(text: string): boolean {
  const tokens = text.match(STRING_OR_NUMBER) ?? [];
  return tokens.every((token) => token.startsWith('"') || Number.isFinite(Number(token)));
}

/** Go's decoder goes no deeper. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.replaceAll(STRING_OR_NUMBER, '').matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function isObject(value: GoValue): value is Readonly<Record<string, GoValue>> {
  return typeof value === 'object' && value !== null && !isList(value);
}

// `Array.isArray` does not narrow readonly arrays.
function isList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}
