import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Soul } from './soul.ts';

/** The tag that bonds a seed to a name: the first 8 bytes of HMAC-SHA256(seed, `nara:name:v2:` + name). */
export function bondTag(seed: Uint8Array, name: string): Uint8Array {
  return hmac(sha256, seed, utf8ToBytes(`nara:name:v2:${name}`)).subarray(0, 8);
}

/**
 * Whether the soul was made for this name. A soul without a fitting bond still signs, but peers know another key for
 * the name. `bare` is a seed without a tag: nobody can tell.
 */
export function verifyBond(soul: Soul, name: string): 'bonded' | 'foreign' | 'bare' {
  if (soul.tag === undefined) return 'bare';
  return Buffer.compare(bondTag(soul.seed, name), soul.tag) === 0 ? 'bonded' : 'foreign';
}
