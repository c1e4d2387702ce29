import { encodeBase64 } from '../identity/base64.ts';
import { PublicKey } from '../identity/keypair.ts';
import { decodeBase64url } from './base64url.ts';

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** An Ed25519 public key as Stigmem spells it. */
export class VerifyKey {
  /** Base64url without padding. */
  readonly text: string;
  readonly #key: PublicKey;

  private constructor(text: string, key: PublicKey) {
    this.text = text;
    this.#key = key;
  }

  /** `undefined` unless it is the one spelling of a point of the curve that is not of small order. */
  static parse(text: string): VerifyKey | undefined {
    const bytes = decodeBase64url(text, KEY_BYTES);
    const key = bytes && PublicKey.parse(encodeBase64(bytes));
    return key && new VerifyKey(text, key);
  }

  /** Whether the signature (base64url without padding) is this key's over these bytes. */
  verify(message: Uint8Array, signature: string): boolean {
    const bytes = decodeBase64url(signature, SIGNATURE_BYTES);
    return bytes !== undefined && this.#key.verify(message, encodeBase64(bytes));
  }
}
