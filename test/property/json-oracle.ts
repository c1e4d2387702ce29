import fc from 'fast-check';

/** A JSON string with every UTF-16 unit of the text spelled as an escape. */
export function escapeAll(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) =>
    text.charCodeAt(at).toString(16).padStart(4, '0'),
  );
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

/** Any JSON value, in any spelling: blanks, escapes, exponents, big integers, odd keys. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => {
  const blank = fc.constantFrom('', '', '', ' ', '\t', '  ');
  const text = fc.oneof(
    fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value.toWellFormed())),
    fc.string().map(escapeAll),
    fc.constantFrom('"id"', '"ID"', '"svc"', '"seen"', '"ts"', '"\\u0069d"', '"\u017fvc"', '"\\/"', '""'),
  );
  const number = fc.oneof(
    fc.bigInt().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => JSON.stringify(x)),
    fc.constantFrom('-0', '0', '1e5', '1E-5', '0.10', '-1.0e+2', '9223372036854775808'),
  );
  const list = (open: string, close: string, item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .array(
        fc.tuple(blank, item, blank).map((parts) => parts.join('')),
        { maxLength: 4 },
      )
      .map((items) => open + items.join(',') + close);
  const member = fc
    .tuple(text, blank, tie('value'))
    .map(([key, gap, value]) => `${key}${gap}:${gap}${value}`);
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('null', 'true', 'false'),
      number,
      text,
      list('[', ']', tie('value')),
      list('{', '}', member),
    ),
  };
}).value;

/** A JSON text with something done to it that often breaks it. */
export const brokenJsonText: fc.Arbitrary<string> = fc
  .tuple(
    jsonText,
    fc.nat(),
    fc.constantFrom('', ',', '"', '}', ']', '{', '0', '\\', '.', '\n', 'e', '\u0000', '-'),
  )
  .map(([text, at, stranger]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + stranger + text.slice(place + (at % 2));
  });
