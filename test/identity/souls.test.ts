import { describe, expect, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { verifyBond } from '../../src/identity/bond.ts';
import { ALL_ZERO_SOUL_KEY, deriveEncryptionKey, deriveKeypair } from '../../src/identity/keypair.ts';
import { naraId } from '../../src/identity/nara-id.ts';
import { encodeSoul, parseSoul } from '../../src/identity/soul.ts';
import { flip, readVectors } from '../fixtures.ts';

interface SoulVector {
  bond_valid: boolean;
  encryption_key_hex: string;
  name: string;
  nara_id: string;
  public_key: string;
  seed_hex: string;
  soul: string;
  tag_hex: string;
}
const vectors = readVectors('souls.json') as {
  souls: SoulVector[];
  as_the_server_reads: { soul: string; server_refuses: boolean }[];
};

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const codeOf = (text: string): string => {
  try {
    parseSoul(text);
    return 'parsed';
  } catch (error) {
    return error instanceof MeshBackupError ? error.code : String(error);
  }
};

describe.each(vectors.souls)('the soul of $name', (vector) => {
  const soul = parseSoul(vector.soul);

  test('has seed, tag, key, ID and bond as Go derives them', () => {
    expect(hex(soul.seed)).toBe(vector.seed_hex);
    expect(hex(soul.tag)).toBe(vector.tag_hex);
    expect(deriveKeypair(soul).publicKey).toBe(vector.public_key);
    expect(naraId(soul, vector.name)).toBe(vector.nara_id);
    expect(hex(deriveEncryptionKey(soul))).toBe(vector.encryption_key_hex);
    expect(verifyBond(soul, vector.name)).toBe(vector.bond_valid ? 'bonded' : 'foreign');
    expect(encodeSoul(soul)).toBe(vector.soul);
  });

  test('is another soul with one character changed', () => {
    const other = parseSoul(flip(vector.soul, 20));
    expect(deriveKeypair(other).publicKey).not.toBe(vector.public_key);
    expect(naraId(other, vector.name)).not.toBe(vector.nara_id);
    expect(hex(deriveEncryptionKey(other))).not.toBe(vector.encryption_key_hex);
    expect(verifyBond(other, vector.name)).toBe('foreign');
  });
});

test('what the server refuses is refused, but for the bare seed', () => {
  const codes = vectors.as_the_server_reads.map(({ soul }) => codeOf(soul));
  expect(codes).toEqual([
    'SOUL_EMPTY',
    'SOUL_ALPHABET',
    'SOUL_LENGTH',
    'SOUL_LENGTH',
    'SOUL_ALPHABET',
    'SOUL_SPACE',
    'SOUL_SPACE',
    'parsed',
  ]);
});

test('a bare seed has no bond', () => {
  const bare = vectors.as_the_server_reads.at(-1)!.soul;
  expect(parseSoul(bare).tag).toBeUndefined();
  expect(verifyBond(parseSoul(bare), 'alice')).toBe('bare');
});

test.each(vectors.as_the_server_reads.map(({ soul }) => soul).filter((soul) => soul.trim().length > 8))(
  'no error shows any of the soul',
  (soul) => {
    try {
      parseSoul(soul);
    } catch (error) {
      const { message, hint } = error as MeshBackupError;
      for (let at = 0; at + 4 <= soul.length; at++) {
        expect(`${message} ${hint}`).not.toContain(soul.slice(at, at + 4));
      }
    }
  },
);

test('a soul of a megabyte is refused without decoding it', () => {
  expect(codeOf('2'.repeat(1_000_000))).toBe('SOUL_LENGTH');
});

test('the key that anybody can sign for is the one of forty zero bytes', () => {
  expect(deriveKeypair(parseSoul('1'.repeat(40))).publicKey).toBe(ALL_ZERO_SOUL_KEY);
});
