import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { base58 } from '@scure/base';
import { soulBytes, type Soul } from './soul.ts';

/** Base58(SHA256(40 soul bytes ‖ name)). It does not commit to the public key, so it proves nothing by itself. */
export function naraId(soul: Soul, name: string): string {
  return base58.encode(sha256(concatBytes(soulBytes(soul), utf8ToBytes(name))));
}
