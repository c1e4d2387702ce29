import { base58 } from '@scure/base';
import { MeshBackupError } from '../errors.ts';

const SEED_BYTES = 32;
const TAG_BYTES = 8;
/** No soul of 40 bytes is longer; Base58 decoding takes quadratic time, so longer texts are refused unread. */
const MAX_SOUL_CHARACTERS = 55;
const NOT_BASE58 = /[^1-9A-HJ-NP-Za-km-z]/;

/** A nara's secret: the seed of its keypair, and the tag that bonds it to a name. */
export interface Soul {
  /** 32 bytes, the Ed25519 secret seed. */
  readonly seed: Uint8Array;
  /** 8 bytes, `undefined` for a bare seed, which has no bond. */
  readonly tag: Uint8Array | undefined;
}

/**
 * Parses a soul: Base58 (Bitcoin alphabet) of 40 bytes, or of a bare 32-byte seed.
 * Throws `SOUL_EMPTY`, `SOUL_SPACE`, `SOUL_ALPHABET` or `SOUL_LENGTH`; no message shows any of the soul.
 * Source: specification, "Identity".
 */
export function parseSoul(text: string): Soul {
  if (text === '') throw new MeshBackupError('SOUL_EMPTY', 'The soul is empty.');
  if (/\s/.test(text)) {
    throw new MeshBackupError('SOUL_SPACE', 'The soul has white space in or around it.', {
      hint: 'Give the 54 or 55 characters alone, without blanks or line ends.',
    });
  }
  const stranger = text.search(NOT_BASE58);
  if (stranger !== -1) {
    throw new MeshBackupError('SOUL_ALPHABET', `Character ${stranger + 1} of the soul is not Base58.`, {
      hint: 'Base58 has no 0, O, I and l: was it copied by hand?',
    });
  }
  const wrongLength = (length: string): MeshBackupError =>
    new MeshBackupError(
      'SOUL_LENGTH',
      `The soul decodes to ${length} bytes, a soul has 40 (a bare seed 32).`,
      {
        hint: 'Was it copied whole? The nara prints it when it starts.',
      },
    );
  if (text.length > MAX_SOUL_CHARACTERS) throw wrongLength('more than 40');
  const bytes = base58.decode(text);
  if (bytes.length === SEED_BYTES) return { seed: bytes, tag: undefined };
  if (bytes.length !== SEED_BYTES + TAG_BYTES) throw wrongLength(bytes.length.toString());
  return { seed: bytes.subarray(0, SEED_BYTES), tag: bytes.subarray(SEED_BYTES) };
}

/** The soul's text form. It is a secret: for making test meshes, never for output about a user's soul. */
export function encodeSoul(soul: Soul): string {
  return base58.encode(soulBytes(soul));
}

export function soulBytes(soul: Soul): Uint8Array {
  return soul.tag === undefined ? soul.seed : Buffer.concat([soul.seed, soul.tag]);
}
