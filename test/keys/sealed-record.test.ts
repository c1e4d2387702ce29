import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { openRecord, sealRecord } from '../../src/keys/sealed-record.ts';
import { newSigningKey } from '../../src/keys/signing-key.ts';
import { flip } from '../fixtures.ts';

const PAYLOAD = '{"type":"mesh-backup drill","note":"ünï"}';
const signer = newSigningKey();
const linesOf = (bytes: Buffer): string[] => bytes.toString('utf8').split('\n');

test('a sealed record opens, and says who sealed it', () => {
  const record = sealRecord('drill', PAYLOAD, signer);
  expect(openRecord('drill', record)).toEqual({ payload: Buffer.from(PAYLOAD), key: signer.publicKey });
  expect(linesOf(record)).toEqual([
    PAYLOAD,
    expect.stringMatching(/^\{"key":"[\w-]{43}","sig":"[\w-]{86}"\}$/),
    '',
  ]);
});

test('what is signed is what docs/managed.md says: others can verify it', () => {
  const [payload = '', seal = ''] = linesOf(sealRecord('incident', PAYLOAD, signer));
  const { key, sig } = JSON.parse(seal) as { key: string; sig: string };
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' });
  const message = Buffer.from(`mesh-backup:incident:v1:${payload}`);
  expect(verify(null, message, publicKey, Buffer.from(sig, 'base64url'))).toBe(true);
});

test('a record that nobody sealed opens without a key', () => {
  const record = sealRecord('drill', PAYLOAD, undefined);
  expect(record.toString('utf8')).toBe(`${PAYLOAD}\n`);
  expect(openRecord('drill', record)).toEqual({ payload: Buffer.from(PAYLOAD), key: undefined });
});

const [payload = '', seal = ''] = linesOf(sealRecord('drill', PAYLOAD, signer));
const { sig } = JSON.parse(seal) as { sig: string };
const sealOf = (seal_: unknown): string => `${payload}\n${JSON.stringify(seal_)}\n`;

test.each([
  ['is empty', '', 'its first line has no end'],
  ['has no line end', payload, 'its first line has no end'],
  ['has another payload', `${flip(payload)}\n${seal}\n`, 'its signature is false'],
  ['has a blank more', `${payload} \n${seal}\n`, 'its signature is false'],
  ['has another signature', sealOf({ key: signer.publicKey, sig: flip(sig) }), 'its signature is false'],
  [
    'has half a signature',
    sealOf({ key: signer.publicKey, sig: sig.slice(0, 40) }),
    'its signature is false',
  ],
  ['has no signature', sealOf({ key: signer.publicKey, sig: '' }), 'its signature is false'],
  ['has the key of somebody else', sealOf({ key: newSigningKey().publicKey, sig }), 'its signature is false'],
  ['has a key that is none', sealOf({ key: 'AAAA', sig }), 'its key is no Ed25519 key'],
  ['has a key with padding', sealOf({ key: `${signer.publicKey}=`, sig }), 'its key is no Ed25519 key'],
  ['says more in its seal', sealOf({ key: signer.publicKey, sig, note: 'x' }), 'its second line is no seal'],
  ['lacks the key', sealOf({ sig }), 'its second line is no seal'],
  ['has a number for a key', sealOf({ key: 1, sig }), 'its second line is no seal'],
  ['has a third line', `${payload}\n${seal}\n${seal}\n`, 'its second line is no seal'],
  ['has an empty second line', `${payload}\n\n`, 'its second line is no seal'],
  ['is cut in its seal', `${payload}\n${seal.slice(0, -1)}`, 'its second line is no seal'],
])('a record that %s does not open', (_, record, flaw) => {
  expect(openRecord('drill', Buffer.from(record))).toEqual({ flaw });
});

test('a seal for one kind of record is none for another', () => {
  expect(openRecord('incident', sealRecord('drill', PAYLOAD, signer))).toEqual({
    flaw: 'its signature is false',
  });
});
