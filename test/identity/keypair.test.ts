import { expect, test } from 'vitest';
import { decodeBase64 } from '../../src/identity/base64.ts';
import { deriveKeypair, PublicKey } from '../../src/identity/keypair.ts';
import { parseSoul } from '../../src/identity/soul.ts';
import { flip, readVectors } from '../fixtures.ts';

interface RequestVector {
  headers: Record<string, string>;
  message: string;
  soul: string;
}
const { requests } = readVectors('mesh-auth.json') as { requests: RequestVector[] };

test.each(requests)('signs $message as Go does, and verifies it with the other implementation', (vector) => {
  const keypair = deriveKeypair(parseSoul(vector.soul));
  const message = Buffer.from(vector.message);
  const signature = keypair.sign(message);
  expect(signature).toBe(vector.headers['X-Nara-Signature']);
  const key = PublicKey.parse(keypair.publicKey)!;
  expect(key.verify(message, signature)).toBe(true);
  expect(key.verify(message, flip(signature))).toBe(false);
  expect(key.verify(Buffer.from(flip(vector.message)), signature)).toBe(false);
  expect(key.verify(message, signature.replace(/=+$/, ''))).toBe(false);
});

test('reads Base64 as Go does', () => {
  expect(decodeBase64('AAEC')).toEqual(Buffer.from([0, 1, 2]));
  expect(decodeBase64('AA\r\nEC\n')).toEqual(Buffer.from([0, 1, 2]));
  expect(decodeBase64('AAE')).toBeUndefined();
  expect(decodeBase64('AA-_')).toBeUndefined();
  expect(decodeBase64('AA=A')).toBeUndefined();
  expect(decodeBase64('A===')).toBeUndefined();
});

test.each([
  ['too short', 'AAEC'],
  ['not canonical', '+AGJBPWYhm5elVxXi1JcDysngZylLMJtysKFzhjjryJ='],
  ['no point of the curve', Buffer.from([2, ...new Uint8Array(31)]).toString('base64')],
  ['the neutral element', Buffer.from([1, ...new Uint8Array(31)]).toString('base64')],
  ['a point of order 4', Buffer.alloc(32).toString('base64')],
])('a public key that is %s is none', (_, text) => {
  expect(PublicKey.parse(text)).toBeUndefined();
});
