import { bondTag } from '../identity/bond.ts';
import type { Keypair } from '../identity/keypair.ts';
import { naraId } from '../identity/nara-id.ts';
import { encodeSoul, parseSoul, type Soul } from '../identity/soul.ts';
import { makeNodeSigner } from './node-signer.ts';
import type { Prng } from './prng.ts';

/** A nara that exists in a sandbox only: its soul is no secret. */
export interface SandboxIdentity extends Keypair {
  readonly name: string;
  /** Base58, as users give it. */
  readonly soul: string;
  readonly naraId: string;
}

/** A new identity, bonded to its name. */
export function makeIdentity(name: string, prng: Prng): SandboxIdentity {
  const seed = prng.bytes(32);
  return identityOf(name, { seed, tag: bondTag(seed, name) });
}

/** The identity behind a soul's text. Throws what `parseSoul` throws. */
export function readIdentity(name: string, soul: string): SandboxIdentity {
  return identityOf(name, parseSoul(soul));
}

function identityOf(name: string, soul: Soul): SandboxIdentity {
  return { ...makeNodeSigner(soul.seed), name, soul: encodeSoul(soul), naraId: naraId(soul, name) };
}
