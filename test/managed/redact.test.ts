import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPythonJson, writePythonJson } from '../../src/event/python-json.ts';
import { redact } from '../../src/managed/redact.ts';
import { escapeAll } from '../property/json-oracle.ts';

const STYLE = { itemSeparator: ', ', keySeparator: ': ', sortKeys: false };
const redacted = (text: string): string => writePythonJson(redact(readPythonJson(Buffer.from(text))), STYLE);

const SECRET_PARTS = [
  'admin_signature',
  'body',
  'invite_token',
  'na_private_key',
  'nonce',
  'operator_private_key',
  'private_key',
  'request_body',
  'signature',
  'token',
];

const isRedacted = (key: string): boolean => redacted(`{${escapeAll(key)}:1}`).endsWith(': "<redacted>"}');

describe('the keys', () => {
  test.each([
    ...SECRET_PARTS,
    'TOKEN',
    'anybody',
    'x-Signature-y',
    'Admin_Signatures',
    'tokenizer',
    'to\u212aen',
    'PRIVATE_\u212aEY',
    '\ud800token',
    'token\udc00',
  ])('%j is secret', (key) => {
    expect(isRedacted(key)).toBe(true);
  });

  test.each([
    'bod',
    'to_ken',
    'private-key',
    'private key',
    'public_key',
    'sign\u0130ture',
    's\u0130gnature',
    '\u017fignature',
    'non\u0441e',
    'key',
    '',
    '__proto__',
  ])('%j is not', (key) => {
    expect(isRedacted(key)).toBe(false);
  });

  const hasPython = spawnSync('python3', ['-c', 'import json']).status === 0;

  test.skipIf(!hasPython)('as Python has them, for each character in the place of each', () => {
    const strange = [
      0x130, 0x131, 0x17f, 0x212a, 0x212b, 0x3a3, 0x3c2, 0x1e9e, 0xfb05, 0xff34, 0x1d5ad, 0xd800,
    ];
    const characters = [...Array.from({ length: 128 }, (_, code) => code), ...strange].map((code) =>
      String.fromCodePoint(code),
    );
    const keys = SECRET_PARTS.flatMap((part) =>
      Array.from(part).flatMap((_, at) =>
        characters.flatMap((character) => [
          part.slice(0, at) + character + part.slice(at + 1),
          part.slice(0, at) + character + part.slice(at).toUpperCase(),
        ]),
      ),
    );
    const { stdout, stderr } = spawnSync(
      'python3',
      [
        '-c',
        'import json, sys\nparts, keys = json.load(sys.stdin)\n' +
          'print(json.dumps([any(part in key.lower() for part in parts) for key in keys]))',
      ],
      { input: JSON.stringify([SECRET_PARTS, keys]), encoding: 'utf8', maxBuffer: 1e8 },
    );
    expect(stderr).toBe('');
    const answers = JSON.parse(stdout) as boolean[];
    const differing = keys.filter((key, at) => isRedacted(key) !== answers[at]);
    expect(differing).toEqual([]);
    expect([answers.includes(true), answers.includes(false), answers.length]).toEqual([
      true,
      true,
      keys.length,
    ]);
  });
});

describe('the values', () => {
  test.each([
    ['{"token":"x"}', '{"token": "<redacted>"}'],
    ['{"token":{"a":[1,2]},"b":1}', '{"token": "<redacted>", "b": 1}'],
    ['{"token":null,"body":[]}', '{"token": "<redacted>", "body": "<redacted>"}'],
    ['{"nonce":0,"signature":{}}', '{"nonce": "<redacted>", "signature": "<redacted>"}'],
    [
      '[[{"a":{"body":1,"b":[{"TOKEN":2,"c":3}]}}]]',
      '[[{"a": {"body": "<redacted>", "b": [{"TOKEN": "<redacted>", "c": 3}]}}]]',
    ],
    ['{"note":"token","list":["body","signature"]}', '{"note": "token", "list": ["body", "signature"]}'],
    ['"token"', '"token"'],
    ['[1,{},[]]', '[1, {}, []]'],
    [String.raw`{"\u0074oken":1}`, '{"token": "<redacted>"}'],
    ['{"token":1,"token":{"a":2}}', '{"token": "<redacted>"}'],
  ])('%s', (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });

  test('of any document, no secret survives, and everything else does', () => {
    const secret =
      /admin_signature|body|invite_token|na_private_key|nonce|operator_private_key|private_key|request_body|signature|token/i;
    const key = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('id', 'details', 'bod', 'public_key', '__proto__', 'priv'),
      fc
        .tuple(fc.string({ maxLength: 3 }), fc.constantFrom(...SECRET_PARTS), fc.boolean())
        .map(([before, part, loud]) => before + (loud ? part.toUpperCase() : part)),
    );
    const tree = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        fc.constant('leaf'),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    let seen = { secrets: 0, open: 0 };
    fc.assert(
      fc.property(tree, (shape) => {
        const leaves = { secret: [] as string[], open: [] as string[] };
        const label = (value: unknown, hidden: boolean): unknown => {
          if (Array.isArray(value)) return value.map((item) => label(item, hidden));
          if (typeof value === 'object' && value !== null) {
            return Object.fromEntries(
              Object.entries(value).map(([name, member]) => [
                name,
                label(member, hidden || secret.test(name)),
              ]),
            );
          }
          const list = hidden ? leaves.secret : leaves.open;
          list.push(`<${hidden ? 'secret' : 'open'} leaf ${list.length}>`);
          return list.at(-1);
        };
        const document = JSON.stringify(label(shape, false));
        const text = redacted(document);
        expect(leaves.secret.filter((leaf) => text.includes(leaf))).toEqual([]);
        expect(leaves.open.filter((leaf) => !text.includes(leaf))).toEqual([]);
        const naive = JSON.stringify(JSON.parse(document), (name, value: unknown) =>
          secret.test(name) ? '<redacted>' : value,
        );
        expect(JSON.stringify(JSON.parse(text))).toBe(naive);
        seen = { secrets: seen.secrets + leaves.secret.length, open: seen.open + leaves.open.length };
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.secrets, seen.open)).toBeGreaterThan(500);
  });

  test('what was given stays as it is', () => {
    const node = readPythonJson(Buffer.from('{"token":1,"a":[{"body":2}]}'));
    redact(node);
    expect(writePythonJson(node, STYLE)).toBe('{"token": 1, "a": [{"body": 2}]}');
  });

  test('no depth is too deep', () => {
    const deep = (inside: string): string => '{"a": [1, '.repeat(50_000) + inside + ']}'.repeat(50_000);
    expect(redacted(deep('{"body": 1}')) === deep('{"body": "<redacted>"}')).toBe(true);
  });
});
