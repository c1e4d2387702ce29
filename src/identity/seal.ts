import { randomBytes } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { deriveEncryptionKey } from './keypair.ts';
import type { Soul } from './soul.ts';

export const NONCE_BYTES = 24;
const TAG_BYTES = 16;

/** What only the soul that sealed it opens. */
export interface Sealed {
  /** 24 bytes, never the same twice. */
  readonly nonce: Uint8Array;
  /** As long as what was sealed, and the tag of 16 bytes behind it. */
  readonly ciphertext: Uint8Array;
}

const NOTHING = new Uint8Array();

/**
 * Seals bytes under the soul's self-encryption key (XChaCha20-Poly1305). `bound` is not part of what comes back, yet what
 * is sealed opens only together with it; a nara binds nothing. `nonce` is for tests: by default it is random.
 * Source: specification, "Identity".
 */
export function seal(
  soul: Soul,
  plaintext: Uint8Array,
  bound: Uint8Array = NOTHING,
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): Sealed {
  return { nonce, ciphertext: cipher(soul, nonce, bound).encrypt(plaintext) };
}

/** What was sealed; `undefined` unless it is this soul's, with these bytes bound to it, and nothing of it was changed. */
export function unseal(
  soul: Soul,
  { nonce, ciphertext }: Sealed,
  bound: Uint8Array = NOTHING,
): Buffer | undefined {
  if (nonce.length !== NONCE_BYTES || ciphertext.length < TAG_BYTES) return undefined;
  try {
    const bytes = cipher(soul, nonce, bound).decrypt(ciphertext);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch {
    return undefined; // all that it can say is that the tag does not fit
  }
}

function cipher(soul: Soul, nonce: Uint8Array, bound: Uint8Array): ReturnType<typeof xchacha20poly1305> {
  return xchacha20poly1305(deriveEncryptionKey(soul), nonce, bound);
}
