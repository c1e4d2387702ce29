/** A JSON value as the sandbox writes it: an int64 is a bigint (or a number that is exact), a float a number. */
export type WireValue = string | number | bigint | boolean | null | readonly WireValue[] | WireObject;
export interface WireObject {
  readonly [key: string]: WireValue | undefined;
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * The text that Go's encoder writes: compact, keys in the order given, `undefined` left out, HTML characters escaped.
 * Floats look alike in Go and JavaScript but for -0. Strings must hold no lone surrogates.
 */
export function encodeGoJson(value: WireValue): string {
  if (typeof value === 'string') {
    return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => GO_ESCAPES[character]!);
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (isArray(value)) return `[${value.map(encodeGoJson).join(',')}]`;
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [`${encodeGoJson(key)}:${encodeGoJson(member)}`],
  );
  return `{${members.join(',')}}`;
}

// `Array.isArray` does not narrow readonly arrays.
function isArray(value: readonly WireValue[] | WireObject): value is readonly WireValue[] {
  return Array.isArray(value);
}
