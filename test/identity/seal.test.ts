import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seal, unseal } from '../../src/identity/seal.ts';
import { parseSoul, type Soul } from '../../src/identity/soul.ts';
import { flip, readVectors } from '../fixtures.ts';

interface SealVector {
  soul: string;
  nonce_hex: string;
  ciphertext_hex: string;
  plaintext: string;
}
const vectors = readVectors('seal.json') as SealVector[];
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe.each(vectors)('what Go sealed: $plaintext', (vector) => {
  const soul = parseSoul(vector.soul);
  const sealed = { nonce: bytes(vector.nonce_hex), ciphertext: bytes(vector.ciphertext_hex) };

  test('opens', () => {
    expect(unseal(soul, sealed)?.toString()).toBe(vector.plaintext);
  });

  test('is sealed the same with the same nonce', () => {
    const again = seal(soul, Buffer.from(vector.plaintext), undefined, sealed.nonce);
    expect(Buffer.from(again.ciphertext).toString('hex')).toBe(vector.ciphertext_hex);
  });

  test('does not open with anything changed', () => {
    expect(unseal(parseSoul(flip(vector.soul, 20)), sealed)).toBeUndefined();
    expect(unseal(soul, sealed, Buffer.from('bound'))).toBeUndefined();
    for (const part of ['nonce', 'ciphertext'] as const) {
      for (let at = 0; at < sealed[part].length; at++) {
        const changed = Buffer.from(sealed[part]);
        changed[at]! ^= 1;
        expect(unseal(soul, { ...sealed, [part]: changed })).toBeUndefined();
      }
    }
    for (const length of [0, 15, sealed.ciphertext.length - 1]) {
      expect(unseal(soul, { ...sealed, ciphertext: sealed.ciphertext.subarray(0, length) })).toBeUndefined();
    }
    expect(unseal(soul, { ...sealed, nonce: sealed.nonce.subarray(1) })).toBeUndefined();
  });
});

const soulOf = (seed: Uint8Array): Soul => ({ seed, tag: undefined });
const anyBytes = fc.uint8Array({ maxLength: 500 });
const anySeed = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('whatever is sealed opens, for its soul and with what is bound to it', () => {
  fc.assert(
    fc.property(anySeed, anySeed, anyBytes, anyBytes, anyBytes, (seed, other, text, bound, otherBound) => {
      const sealed = seal(soulOf(seed), text, bound);
      expect(unseal(soulOf(seed), sealed, bound)).toEqual(Buffer.from(text));
      const isSame = Buffer.compare(bound, otherBound) === 0;
      expect(unseal(soulOf(seed), sealed, otherBound) === undefined).toBe(!isSame);
      const isSameSoul = Buffer.compare(seed, other) === 0;
      expect(unseal(soulOf(other), sealed, bound) === undefined).toBe(!isSameSoul);
    }),
  );
});

test('no nonce comes twice', () => {
  const nonces = Array.from({ length: 100 }, () =>
    Buffer.from(seal(soulOf(new Uint8Array(32)), new Uint8Array()).nonce),
  );
  expect(new Set(nonces.map((nonce) => nonce.toString('hex'))).size).toBe(100);
});
