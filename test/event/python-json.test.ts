import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareCodePoints } from '../../src/event/code-points.ts';
import { NotJson } from '../../src/event/json-cursor.ts';
import {
  readPythonJson,
  stringNode,
  writePythonJson,
  type PythonStyle,
} from '../../src/event/python-json.ts';
import { brokenJsonText, jsonText } from '../property/json-oracle.ts';

const ONE_LINE = { itemSeparator: ', ', keySeparator: ': ', sortKeys: true };
const INDENTED = { itemSeparator: ', ', keySeparator: ': ', indent: 2, sortKeys: true };
const COMPACT = { itemSeparator: ',', keySeparator: ':', sortKeys: false };

const print = (text: string | Buffer, style: PythonStyle = ONE_LINE): string =>
  writePythonJson(readPythonJson(Buffer.from(text)), style);

/** What Python 3.11 printed for them with `json.dumps(json.loads(text), sort_keys=True)`. */
const frozen: [text: string, printed: string][] = [
  ['{"b":1,"a":[2,{}]}', '{"a": [2, {}], "b": 1}'],
  ['[[],{},[[]],{"a":{}}]', '[[], {}, [[]], {"a": {}}]'],
  [' [ true , false,null ]\n', '[true, false, null]'],
  ['[0,-0,1,-1,123456789012345678901234567890]', '[0, 0, 1, -1, 123456789012345678901234567890]'],
  ['[1.0,1.50,-0.0,0.0,0E5,-0e-3]', '[1.0, 1.5, -0.0, 0.0, 0.0, -0.0]'],
  ['[1e5,1E+15,1e16,123456789012345678.0]', '[100000.0, 1000000000000000.0, 1e+16, 1.2345678901234568e+17]'],
  ['[9999999999999998.0,12345678901234.5]', '[9999999999999998.0, 12345678901234.5]'],
  ['[1e22,1.5e300,1e-4,1.25e-4,1e-5,1.5e-7]', '[1e+22, 1.5e+300, 0.0001, 0.000125, 1e-05, 1.5e-07]'],
  ['[5e-324,2.2250738585072014e-308,0.1]', '[5e-324, 2.2250738585072014e-308, 0.1]'],
  ['[1E400,-1e400,1e-400]', '[Infinity, -Infinity, 0.0]'],
  ['{"a":NaN,"b":[Infinity,-Infinity]}', '{"a": NaN, "b": [Infinity, -Infinity]}'],
  [String.raw`"\"\\\/\b\f\n\r\t\u0000\u001F\u007f"`, String.raw`"\"\\/\b\f\n\r\t\u0000\u001f\u007f"`],
  ['"\u007f\u00fc\u2028\u{1f338} <&>"', String.raw`"\u007f\u00fc\u2028\ud83c\udf38 <&>"`],
  [String.raw`"\ud83c\udf38 \ud83c \udf38\ud83c"`, String.raw`"\ud83c\udf38 \ud83c \udf38\ud83c"`],
  ['{"a":1,"b":2,"a":{"c":3}}', '{"a": {"c": 3}, "b": 2}'],
  [String.raw`{"a":1,"\u0061":2}`, '{"a": 2}'],
  ['{"\u{1f338}":1,"\uffee":2,"z":3,"":4}', String.raw`{"": 4, "z": 3, "\uffee": 2, "\ud83c\udf38": 1}`],
  [String.raw`{"\ud83c\ue000":1,"\ud83c\udf38":2}`, String.raw`{"\ud83c\ue000": 1, "\ud83c\udf38": 2}`],
  ['{"__proto__":1,"constructor":2,"10":3,"9":4}', '{"10": 3, "9": 4, "__proto__": 1, "constructor": 2}'],
];

describe('as Python reads and prints it', () => {
  test.each(frozen)('%s', (text, printed) => {
    expect(print(text)).toBe(printed);
  });

  test('its other styles', () => {
    const text = '{"b":[1,[],{"c":{}}],"a":"x"}';
    expect(print(text, COMPACT)).toBe('{"b":[1,[],{"c":{}}],"a":"x"}');
    expect(print(text, INDENTED)).toBe(
      '{\n  "a": "x",\n  "b": [\n    1,\n    [],\n    {\n      "c": {}\n    }\n  ]\n}',
    );
    expect([print('[]', INDENTED), print('{}', INDENTED), print('[ ]', { ...INDENTED, indent: 0 })]).toEqual([
      '[]',
      '{}',
      '[]',
    ]);
    expect(print('[1,2]', { ...INDENTED, indent: 0 })).toBe('[\n1,\n2\n]');
    expect(print('{"a":1,"b":2,"a":3}', COMPACT)).toBe('{"a":3,"b":2}');
  });

  test.each([
    ['', 'nothing'],
    ['{"a":1} x', 'more behind it'],
    ['[01]', 'a leading zero'],
    ['[1,]', 'a comma too many'],
    ['[+1]', 'a plus'],
    ['[nan]', 'a constant in another case'],
    ['[-NaN]', 'a sign before NaN'],
    ['[NaNs]', 'more behind a constant'],
    ['[Infinit', 'half a constant'],
    ['"a\nb"', 'a control character'],
    ['\ufeff{}', 'a byte order mark'],
    ["{'a':1}", 'single quotes'],
  ])('%j is none: %s', (text) => {
    expect(() => print(text)).toThrow(NotJson);
  });

  test('bytes that are no UTF-8 are none', () => {
    expect(() => print(Buffer.from('"\u00ff"', 'latin1'))).toThrow(NotJson);
    expect(() => print(Buffer.from('eda080', 'hex'))).toThrow(NotJson);
    expect(print('"\u00ff"')).toBe(String.raw`"\u00ff"`);
  });

  test('a string node', () => {
    expect(writePythonJson(stringNode('<redacted>"\u00fc'), ONE_LINE)).toBe(String.raw`"<redacted>\"\u00fc"`);
  });

  test('no depth is too deep', () => {
    const lists = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(print(lists) === lists).toBe(true);
    const objects = '{"a": '.repeat(100_000) + '1.0' + '}'.repeat(100_000);
    expect(print(objects) === objects).toBe(true);
  });
});

describe('the order of keys', () => {
  test('is that of the code points', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '\ud83c', '\udf38', '\ue000', '\u{1f338}', '\u{1f339}'),
    });
    const naive = (a: string, b: string): number => {
      const hex = (whole: string): string =>
        Array.from(whole, (point) => point.codePointAt(0)!.toString(16).padStart(6, '0')).join('');
      return hex(a) < hex(b) ? -1 : hex(a) > hex(b) ? 1 : 0;
    };
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(naive(a, b));
      }),
      { numRuns: 2000 },
    );
  });
});

/** Answers each document with what Python prints in the three styles, or with nothing where it reads none. */
const ASK = `
import base64, json, sys
STYLES = [dict(sort_keys=True), dict(sort_keys=True, indent=2), dict(separators=(",", ":"))]
for line in sys.stdin:
    try:
        value = json.loads(base64.b64decode(line).decode("utf-8"))
        print(json.dumps([json.dumps(value, **style) for style in STYLES]))
    except ValueError:
        print("null")
`;

function askPython(documents: readonly string[]): (string[] | null)[] {
  const input = documents.map((text) => `${Buffer.from(text).toString('base64')}\n`).join('');
  const { status, stdout, stderr } = spawnSync('python3', ['-c', ASK], {
    input,
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string[] | null);
}

function askOurs(text: string): string[] | null {
  try {
    return [ONE_LINE, INDENTED, COMPACT].map((style) => print(text, style));
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
}

const hasPython = spawnSync('python3', ['-c', 'import json']).status === 0;

describe.skipIf(!hasPython)('beside Python itself', () => {
  const anyDouble = fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((bits) => new Float64Array(BigUint64Array.of(bits).buffer)[0]!);
  const oddNumber = fc.oneof(
    anyDouble.map((double) => (Number.isNaN(double) ? 'NaN' : double.toExponential())),
    fc
      .tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -30, max: 30 }))
      .map(([m, e]) => `${m}e${e}`),
    fc.tuple(fc.maxSafeInteger(), fc.nat(1e9)).map(([whole, fraction]) => `${whole}.${fraction}`),
    fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e999', '-1E999', '1e-999', '-0', '0.0001', '0.00001'),
  );
  const oddText = fc
    .string({
      unit: fc.oneof(
        fc.integer({ min: 0, max: 0xffff }).map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
        fc.constantFrom(
          '\u007f',
          '\u0080',
          '\ue000',
          '\uffff',
          '\u{1f338}',
          'a',
          '\\ud83c',
          '\\udf38',
          '\\/',
        ),
      ),
      maxLength: 5,
    })
    .map((inside) => `"${inside}"`);
  const oddDocument = fc
    .array(fc.tuple(oddText, fc.oneof(oddNumber, oddText, jsonText)))
    .map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(',')}}`);

  test('any document is printed as Python prints it, and refused where Python refuses it', () => {
    const samples = fc.sample(fc.oneof(jsonText, brokenJsonText, oddDocument, oddDocument, oddNumber), {
      numRuns: 6000,
    });
    const documents = [...frozen.map(([text]) => text), ...samples.map((text) => text.toWellFormed())];
    const answers = askPython(documents);
    expect(answers.length).toBe(documents.length);
    expect(answers.filter((answer) => answer === null).length).toBeGreaterThan(100);
    expect(answers.filter((answer) => answer !== null).length).toBeGreaterThan(3000);
    for (const [at, text] of documents.entries())
      expect({ text, is: askOurs(text) }).toEqual({ text, is: answers[at] });
  });

  test('the frozen answers are those of Python', () => {
    const answers = askPython(frozen.map(([text]) => text)).map((answer) => answer?.[0]);
    expect(answers).toEqual(frozen.map(([, printed]) => printed));
  });
});
