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

test('another soul is told apart from a changed envelope', () => {
  expect(reopen(ENVELOPE, BOB)).toBe('STASH_OTHER_SOUL');
  const claimed = JSON.stringify({ ...fields(), publicKey: deriveKeypair(BOB).publicKey });
  expect(reopen(claimed, BOB)).toBe('STASH_CHANGED');
  expect(reopen(claimed)).toBe('STASH_OTHER_SOUL');
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
    const { ciphertext } = fields() as { ciphertext: string };
    for (let at = 0; at < ciphertext.length; at++) {
      const other = ciphertext[at] === 'A' ? 'B' : ciphertext[at] === '=' ? 'A' : 'A';
      const text = ciphertext.slice(0, at) + other + ciphertext.slice(at + 1);
      expect(reopen(JSON.stringify({ ...fields(), ciphertext: text }))).toBe('STASH_CHANGED');
    }
  });
});

test.each([
  '',
  '{}',
  '[]',
  'null',
  '{"note":"a stash"}',
  '{"format":"mesh-backup stash","version":2}',
  ENVELOPE.slice(0, -1),
])('no envelope: %s', (text) => {
  expect(reopen(text)).toBe('STASH_FORMAT');
});

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
