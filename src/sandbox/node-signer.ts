import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { encodeBase64 } from '../identity/base64.ts';
import type { Keypair } from '../identity/keypair.ts';

const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_BYTES = 32;

/**
 * The keypair of a 32-byte seed, by `node:crypto`: fast enough to sign whole histories, and a second implementation
 * beside the client's.
 */
export function makeNodeSigner(seed: Uint8Array): Keypair {
  const key = createPrivateKey({
    key: Buffer.concat([ED25519_PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: encodeBase64(spki.subarray(-PUBLIC_KEY_BYTES)),
    sign: (message) => encodeBase64(sign(null, message, key)),
  };
}
