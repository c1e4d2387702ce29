import type { WireObject, WireValue } from './go-json.ts';

/** The strings and numbers of a JSON text. */
export const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const INTEGER_MARK = '\u0000integer';

/**
 * `JSON.parse` that keeps integers exact: they come back as bigint. Naive on purpose, and so a second
 * opinion beside the client's scanner. Throws SyntaxError.
 */
export function parseExactJson(text: string): WireValue {
  JSON.parse(text); // the marks below could hide a bad number
  const marked = text.replaceAll(STRING_OR_NUMBER, (token) =>
    /^-?\d+$/.test(token) ? `{${JSON.stringify(INTEGER_MARK)}:"${token}"}` : token,
  );
  return JSON.parse(marked, (_key, value: WireValue) => {
    const digits = isObject(value) ? value[INTEGER_MARK] : undefined;
    return typeof digits === 'string' ? BigInt(digits) : value;
  }) as WireValue;
}

/** Whether a JSON value is an object, not an array and not null. */
export function isObject(value: WireValue | undefined): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
