import fc from 'fast-check';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { deriveKeypair } from '../../src/identity/keypair.ts';
import { parseSoul } from '../../src/identity/soul.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { openStash, parseEnvelope, sealStash } from '../../src/stash/envelope.ts';
import { flip, readVectors } from '../fixtures.ts';
import { jsonText } from '../property/json-oracle.ts';
import { hChaCha20 } from './hchacha20.ts';

const ALICE = parseSoul(makeIdentity('alice', new Prng('alice')).soul);
const BOB = parseSoul(makeIdentity('bob', new Prng('bob')).soul);
const LABEL = { name: 'alice', timestamp: 1_769_000_000, takenAt: '2026-01-21T13:00:00.000Z' };
const DOCUMENT = Buffer.from('{ "z": 9007199254740993, "a": [1.0, "🌸"] }');
const ENVELOPE = sealStash(ALICE, LABEL, DOCUMENT);

function reopen(text: string, soul = ALICE): string {
  try {
    return openStash(soul, parseEnvelope(Buffer.from(text))).toString();
  } catch (error) {
    return error instanceof MeshBackupError ? error.code : String(error);
  }
}

const fields = (): Record<string, unknown> => JSON.parse(ENVELOPE) as Record<string, unknown>;

test('what was sealed comes back byte for byte, and the label beside it', () => {
  expect(reopen(ENVELOPE)).toBe(DOCUMENT.toString());
  expect(parseEnvelope(Buffer.from(ENVELOPE))).toMatchObject({
    ...LABEL,
    publicKey: deriveKeypair(ALICE).publicKey,
  });
  expect(ENVELOPE).toMatch(/^\{"format":"mesh-backup stash","version":1,"name":"alice",[^\n]*\}$/);
});

test('laid out anew it still opens', () => {
  expect(reopen(`\n${JSON.stringify(fields(), null, 2)}\n`)).toBe(DOCUMENT.toString());
  expect(reopen(JSON.stringify(Object.fromEntries(Object.entries(fields()).reverse())))).toBe(
    DOCUMENT.toString(),
  );
});

test('a BOM in front does not matter', () => {
  expect(reopen(`\ufeff${ENVELOPE}`)).toBe(DOCUMENT.toString());
});

test('--plain is proposed only for what is JSON', () => {
  const hintOf = (text: string): string | undefined => {
    try {
      parseEnvelope(Buffer.from(text));
    } catch (error) {
      return (error as MeshBackupError).hint;
    }
    return 'no error';
  };
  expect(hintOf('{"a":1}')).toContain('--plain');
  expect(hintOf('{"a":1')).toBeUndefined();
});

test('what could not be opened is not sealed', () => {
  const sealed = (label: Partial<typeof LABEL>): string => {
    try {
      return reopen(sealStash(ALICE, { ...LABEL, ...label }, DOCUMENT));
    } catch (error) {
      return (error as MeshBackupError).message;
    }
  };
  const refused = 'No stash can be sealed with such a label: ';
  expect(sealed({ name: 'a'.repeat(256) })).toBe(DOCUMENT.toString());
  expect(sealed({ name: 'a\ud800' })).toBe(DOCUMENT.toString());
  expect(sealed({ name: 'a'.repeat(257), timestamp: NaN })).toBe(`${refused}name, timestamp.`);
  for (const timestamp of [1.5, Infinity, 2 ** 53])
    expect(sealed({ timestamp })).toBe(`${refused}timestamp.`);
  for (const takenAt of ['', 'today', '2026-01-21', '2026-01-21T13:00:00+01:00'])
    expect(sealed({ takenAt })).toBe(`${refused}takenAt.`);
});

test('another soul is told apart from a changed envelope', () => {
  expect(reopen(ENVELOPE, BOB)).toBe('STASH_OTHER_SOUL');
  const claimed = JSON.stringify({ ...fields(), publicKey: deriveKeypair(BOB).publicKey });
  expect(reopen(claimed, BOB)).toBe('STASH_CHANGED');
  expect(reopen(claimed)).toBe('STASH_CHANGED');
});

describe('changed', () => {
  test.each([
    ['name', 'bob'],
    ['timestamp', 1_769_000_001],
    ['timestamp', '1769000000'],
    ['timestamp', 1.5],
    ['takenAt', '2026-01-21T13:00:00.001Z'],
    ['takenAt', '2026-01-21T13:00:00Z'],
    ['takenAt', 'today'],
    ['nonce', flip(fields()['nonce'] as string)],
    ['nonce', ''],
    ['nonce', undefined],
    ['ciphertext', flip(fields()['ciphertext'] as string)],
    ['ciphertext', ''],
    ['ciphertext', (fields()['ciphertext'] as string).slice(0, -4)],
    ['ciphertext', `${fields()['ciphertext'] as string}\n`],
    ['more', 1],
  ])('%s to %j', (name, value) => {
    expect(reopen(JSON.stringify({ ...fields(), [name]: value }))).toBe('STASH_CHANGED');
  });

  test('not one bit of the ciphertext, not even those that Base64 does not use', () => {
    const sealed = Buffer.from(fields()['ciphertext'] as string, 'base64');
    const codeWith = (ciphertext: string): string => reopen(JSON.stringify({ ...fields(), ciphertext }));
    expect(codeWith(sealed.toString('base64'))).toBe(DOCUMENT.toString());
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const other = Buffer.from(sealed);
      other[bit >> 3]! ^= 1 << (bit & 7);
      expect(codeWith(other.toString('base64'))).toBe('STASH_CHANGED');
    }
    const [, start, last] = /^(.*)(.)=+$/.exec(sealed.toString('base64'))!;
    const unused = String.fromCharCode(last!.charCodeAt(0) + 1); // A, Q, g and w have the bits 0000
    const respelled = `${start}${unused}${'='.repeat(4 - (`${start}${unused}`.length % 4))}`;
    expect(Buffer.from(respelled, 'base64')).toEqual(sealed);
    expect(codeWith(respelled)).toBe('STASH_CHANGED');
  });

  test.each([
    ['cut', ENVELOPE.slice(0, -40)],
    ['cut early', ENVELOPE.slice(0, 60)],
    ['without its last byte', ENVELOPE.slice(0, -1)],
    ['with a byte behind it', `${ENVELOPE}x`],
    ['with zeros behind it', `${ENVELOPE}\n\0\0`],
    ['twice', `${ENVELOPE}\n${ENVELOPE}`],
    ['with a key twice', ENVELOPE.replace('"version"', '"name":"bob","version"')],
    ['without a version', ENVELOPE.replace('"version":1,', '')],
    ['with a version that is none', ENVELOPE.replace('"version":1', '"version":"1"')],
  ])('%s', (_, text) => {
    expect(reopen(text)).toBe('STASH_CHANGED');
  });
});

test.each(['', '{}', '[]', 'null', '{"note":"a stash"}', '{"format":"mesh-backup stash","version":2}'])(
  'no envelope: %s',
  (text) => {
    expect(reopen(text)).toBe('STASH_FORMAT');
  },
);

test("a nara's own seal is no envelope's: other bytes are bound to it", () => {
  const [vector] = readVectors('seal.json') as { soul: string; nonce_hex: string; ciphertext_hex: string }[];
  const soul = parseSoul(vector!.soul);
  const foreign = {
    ...fields(),
    publicKey: deriveKeypair(soul).publicKey,
    nonce: Buffer.from(vector!.nonce_hex, 'hex').toString('base64'),
    ciphertext: Buffer.from(vector!.ciphertext_hex, 'hex').toString('base64'),
  };
  expect(reopen(JSON.stringify(foreign), soul)).toBe('STASH_CHANGED');
});

test('any document comes back byte for byte', () => {
  fc.assert(
    fc.property(jsonText, fc.string({ unit: 'binary', maxLength: 256 }), (text, name) => {
      const label = { ...LABEL, name: name.toWellFormed().slice(0, 200).toWellFormed() };
      const envelope = sealStash(ALICE, label, Buffer.from(text));
      expect(openStash(ALICE, parseEnvelope(Buffer.from(`${envelope}\n`))).equals(Buffer.from(text))).toBe(
        true,
      );
      expect(parseEnvelope(Buffer.from(envelope)).name).toBe(label.name);
    }),
  );
});

test('another implementation opens it by what docs/stash.md says', () => {
  const { format, version, name, publicKey, timestamp, takenAt, nonce, ciphertext } = fields() as Record<
    string,
    string
  >;
  const key = Buffer.from(hkdfSync('sha256', ALICE.seed, 'nara:stash:v1', 'symmetric', 32));
  const nonceBytes = Buffer.from(nonce!, 'base64');
  const sealed = Buffer.from(ciphertext!, 'base64');
  const decipher = createDecipheriv(
    'chacha20-poly1305',
    hChaCha20(key, nonceBytes.subarray(0, 16)),
    Buffer.concat([Buffer.alloc(4), nonceBytes.subarray(16)]),
    { authTagLength: 16 },
  );
  const bound = JSON.stringify([format, version, name, publicKey, timestamp, takenAt]);
  decipher.setAAD(Buffer.from(bound), { plaintextLength: sealed.length - 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  expect(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])).toEqual(DOCUMENT);
});
