import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { throughGoMap } from '../../src/sandbox/go-map.ts';
import { findDamage } from '../../src/stash/damage.ts';
import { jsonIdentity } from '../../src/stash/json-identity.ts';
import { asDouble, exactNumber } from '../../src/stash/exact-number.ts';
import { escapeAll, jsonText } from '../property/json-oracle.ts';

const places = (text: string): string[] =>
  findDamage(Buffer.from(text)).damages.map(({ kind, path }) => `${kind} ${path}`.trim());

describe('what a nara keeps', () => {
  test.each([
    '{}',
    '{"b":1,"a":2}',
    '{"n":9007199254740992,"m":-9007199254740994,"x":1.50,"y":1e3,"z":0.1,"w":-0.0,"v":123456789012345680000}',
    '{"a":{"k":1},"b":{"k":1}}',
    String.raw`{"t":"<>&\u003c\ud83c\udf38🌸\u0000"}`,
    '{"a":[[],{},null,true]}',
  ])('%s', (text) => {
    expect(places(text)).toEqual([]);
  });
});

describe('what it damages', () => {
  test.each([
    ['{"n":9007199254740993}', ['big-integer n']],
    ['{"a":{"b":[0,{"c":-9007199254740995}]}}', ['big-integer a.b[1].c']],
    ['{"n":0.1000000000000000055}', ['digits n']],
    ['{"n":1e-400,"m":9007199254740993.0}', ['digits n', 'digits m']],
    ['{"n":1e309}', ['too-large n']],
    ['{"a":1,"b":2,"a":1}', ['equal-keys a']],
    [String.raw`{"a":1,"\u0061":2}`, ['equal-keys a']],
    [String.raw`{"a":["x","\ud800"],"\udc00":1}`, ['surrogate a[1]', 'surrogate \udc00']],
    ['[{"a":1}]', ['no-object']],
    ['"text"', ['no-object']],
    ['9007199254740993', ['no-object', 'big-integer']],
    ['null', ['no-object']],
    [`{"n":${'9'.repeat(60)},"${'k'.repeat(50)}":1e999}`, ['big-integer n', `too-large ${'k'.repeat(40)}…`]],
  ])('%s', (text, expected) => {
    expect(places(text)).toEqual(expected);
  });

  test('what it cannot read or keep at all', () => {
    const isFatal = (text: string): boolean => findDamage(Buffer.from(text)).isFatal;
    expect(['[]', '1', '{"n":1e309}'].map(isFatal)).toEqual([true, true, true]);
    expect(['{}', '{"n":9007199254740993}', '{"a":1,"a":2}'].map(isFatal)).toEqual([false, false, false]);
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(places(nested(10_000))).toEqual([]);
    expect(places(nested(10_001))[0]).toMatch(/^too-deep a(\[0\])+…$/);
    expect(isFatal(nested(10_001))).toBe(true);
    expect(isFatal(nested(1_000_000))).toBe(true);
    expect(throughGoMap(nested(1_000))).toBe(nested(1_000));
    expect(throughGoMap(nested(10_001))).toBeUndefined();
    expect(throughGoMap(nested(100_000))).toBeUndefined();
  });

  test('a hundred are named, all are counted', () => {
    const { count, damages } = findDamage(Buffer.from(`{"n":[${'9007199254740993,'.repeat(500)}1]}`));
    expect([count, damages.length]).toEqual([500, 100]);
  });
});

describe('documents that say the same', () => {
  const same = (a: string, b: string): boolean =>
    jsonIdentity(Buffer.from(a), 'exact') === jsonIdentity(Buffer.from(b), 'exact');

  test.each([
    ['{"b":1,"a":[2]}', ' { "a" : [ 2.0 ], "b" : 10e-1 } ', true],
    [String.raw`{"a":"\u003c"}`, '{"a":"<"}', true],
    ['{"a":9007199254740993}', '{"a":9007199254740992}', false],
    ['{"a":1}', '{"a":"1"}', false],
    ['{"a":[1,2]}', '{"a":[2,1]}', false],
    ['{"a":1,"a":2}', '{"a":2}', false],
    ['{"a":0}', '{"a":-0}', false],
    ['{"a":null}', '{}', false],
    ['{"a":{}}', '{"a":[]}', false],
    ['{"a":[[1],2]}', '{"a":[[1,2]]}', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(same(a, b)).toBe(expected);
  });
});

/** What a number's text is worth, as a fraction in its lowest terms of ten. */
function fractionOf(lexeme: string): [bigint, bigint] {
  const [mantissa = '', exponent = '0'] = lexeme.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const shift = BigInt(exponent) - BigInt(fraction.length);
  const digits = BigInt(whole + fraction);
  return shift >= 0n ? [digits * 10n ** shift, 1n] : [digits, 10n ** -shift];
}

test('numbers are one exactly when they are worth the same', () => {
  const lexeme = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.constantFrom('0', '1', '12', '120', '9007199254740993'),
      fc.constantFrom('', '.0', '.5', '.50', '.05', '.120'),
      fc.constantFrom('', 'e0', 'E1', 'e+2', 'e-2', 'e-01'),
    )
    .map((parts) => parts.join(''))
    .filter((text) => !/^-0(\.0)?(e.*)?$/i.test(text));
  fc.assert(
    fc.property(lexeme, lexeme, (a, b) => {
      const [p, q] = fractionOf(a);
      const [r, s] = fractionOf(b);
      expect(exactNumber(a) === exactNumber(b)).toBe(p * s === r * q);
    }),
    { numRuns: 2000 },
  );
});

test('an exponent of millions of digits takes no time', () => {
  const startMs = performance.now();
  const power = '9'.repeat(3_000_000);
  expect(exactNumber(`1e${power}`)).toBe(exactNumber(`1E+0${power}`));
  expect(exactNumber(`1e${power}`)).not.toBe(exactNumber(`1e-${power}`));
  expect(exactNumber(`1e${'0'.repeat(3_000_000)}7`)).toBe('1e7');
  expect(places(`{"n":1e-${power}}`)).toEqual(['digits n']);
  expect(performance.now() - startMs).toBeLessThan(1_000);
});

test('a double comes back as it is, and -0', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
      expect(Object.is(Number(asDouble(String(double)) ?? ''), double === 0 ? 0 : double)).toBe(true);
    }),
  );
  expect(asDouble('-0.0')).toBe('-0');
  expect(asDouble('1e309')).toBeUndefined();
});

test('as another reader of Go has it: no damage is found exactly where there is none', () => {
  const number = fc.oneof(
    fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => JSON.stringify(x)),
    fc.constantFrom('1e400', '-0', '1.0', '0.30000000000000004', '0.300000000000000040'),
  );
  const key = fc.constantFrom('"a"', '"b"', escapeAll('a'), '"\\ud800"', '"10"', '"__proto__"', '"9"');
  const member = fc.tuple(key, fc.oneof(number, jsonText)).map(([name, value]) => `${name}:${value}`);
  const document = fc.oneof(
    { weight: 5, arbitrary: fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(',')}}`) },
    { weight: 1, arbitrary: jsonText },
  );
  let kept = 0;
  let damaged = 0;
  fc.assert(
    fc.property(document, (text) => {
      const bytes = Buffer.from(text);
      const stored = throughGoMap(text);
      const { count, isFatal } = findDamage(bytes);
      expect(isFatal).toBe(stored === undefined || stored === 'null');
      if (stored === undefined || stored === 'null') return;
      const held = jsonIdentity(Buffer.from(stored), 'exact');
      expect(count === 0).toBe(held === jsonIdentity(bytes, 'exact'));
      expect(jsonIdentity(bytes, 'kept')).toBe(held);
      if (count === 0) kept++;
      else damaged++;
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(kept, damaged)).toBeGreaterThan(200);
});
