import { MeshBackupError } from '../errors.ts';
import { ALL_ZERO_SOUL_KEY } from '../identity/keypair.ts';
import { notServed, type StashClient } from './stash-client.ts';

/** Who answers, as far as it tells. */
export interface MetNara {
  /** '' where it does not tell. */
  readonly name: string;
  /** Base64; `undefined` where it does not tell. */
  readonly publicKey: string | undefined;
}

/** Asks who is there, without a claim to be told. Throws as the client does. */
export async function meetNara(client: StashClient): Promise<MetNara> {
  const { from = '', key } = await client.ping();
  return { name: from, publicKey: key?.text };
}

/**
 * Asserts that the nara is of this key, by its own word: enough not to mix up two naras of one's own, no proof.
 * `sealedFor` is the key that the stash at hand is sealed for. Throws `TARGET_WRONG_SOUL`, and `STASH_NOT_SERVED` where
 * it shows no key.
 */
export function assertOwnNara({ name, publicKey }: MetNara, ownKey: string, sealedFor?: string): void {
  if (publicKey === ownKey) return;
  if (publicKey === undefined) {
    throw notServed('no key at /ping, so nobody can tell whose nara it is (--any-nara does not ask)');
  }
  const isSoulWrong = publicKey === sealedFor;
  const who = `${name || 'a nara without a name'}, key ${publicKey}`;
  throw new MeshBackupError(
    'TARGET_WRONG_SOUL',
    isSoulWrong
      ? `The soul is wrong: the stash and the nara there (${who}) are both of another one.`
      : `The nara there is not of this soul: it is ${who}.`,
    { hint: hintFor(publicKey, isSoulWrong) },
  );
}

function hintFor(publicKey: string, isSoulWrong: boolean): string {
  if (publicKey === ALL_ZERO_SOUL_KEY) {
    return 'It was started with a soul that does not parse, and runs with one that everybody knows.';
  }
  if (isSoulWrong) return 'Give the soul of that very nara: it prints it when it starts.';
  return 'Is it the right URL, and the right soul? --any-nara goes on with another nara.';
}
