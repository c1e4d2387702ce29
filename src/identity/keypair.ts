import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import * as ed25519 from '@noble/ed25519';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeBase64, encodeBase64 } from './base64.ts';
import type { Soul } from './soul.ts';

ed25519.hashes.sha512 = sha512;

/** Ed25519 keys of a nara; the secret half stays inside `sign`. */
export interface Keypair {
  /** Standard Base64 of the 32 bytes. */
  readonly publicKey: string;
  /** Standard Base64 of the 64-byte signature of these bytes, nothing hashed before. */
  readonly sign: (message: Uint8Array) => string;
}

/** The public key of a nara that was started with a soul that does not parse: anybody can sign for it. */
export const ALL_ZERO_SOUL_KEY = 'O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=';

/** The keypair whose secret seed IS the soul's seed; there is no other derivation. */
export function deriveKeypair(soul: Soul): Keypair {
  const der = Buffer.concat([ED25519_PKCS8_PREFIX, soul.seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    publicKey: encodeBase64(ed25519.getPublicKey(soul.seed)),
    // A signature is one and the same by the standard; for each page's request, OpenSSL makes it ten times faster.
    sign: (message) => sign(null, message, key).toString('base64'),
  };
}

/** The 32-byte key under which a nara seals things for itself (XChaCha20-Poly1305). */
export function deriveEncryptionKey(soul: Soul): Uint8Array {
  return hkdf(sha256, soul.seed, utf8ToBytes('nara:stash:v1'), utf8ToBytes('symmetric'), 32);
}

const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A public key that can check signatures. Made once per key: making sure that it is one costs more than using it. */
export class PublicKey {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /**
   * `undefined` unless the text is the one Base64 spelling of 32 bytes that are a point of the curve, and not one of
   * the few points of small order, under which one signature fits many messages.
   */
  static parse(text: string): PublicKey | undefined {
    const bytes = decodeBase64(text);
    if (bytes?.length !== 32) return undefined;
    const canonical = encodeBase64(bytes); // also a string of its own, no part of a page that it would keep in memory
    if (canonical !== text) return undefined;
    try {
      if (ed25519.Point.fromBytes(bytes).isSmallOrder()) return undefined;
    } catch {
      return undefined;
    }
    return new PublicKey(canonical);
  }

  /** The key whose `text` that is: it was parsed before, in another thread maybe, and is not looked at again. */
  static ofText(text: string): PublicKey {
    return new PublicKey(text);
  }

  /** Whether the signature (standard Base64, as Go reads it) is this key's over these bytes. */
  verify(message: Uint8Array, signature: string): boolean {
    const bytes = decodeBase64(signature);
    return bytes?.length === 64 && verify(null, message, openSslKey(this.text), bytes);
  }
}

/**
 * What OpenSSL wants. It is made for each signature: kept, it costs 2 KB a key and thread, and anybody can bring keys.
 * As a JWK it takes 4 µs against the 60 of the check; OpenSSL's reader of DER would take as long as the check.
 */
function openSslKey(text: string): KeyObject {
  const x = Buffer.from(text, 'base64').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
