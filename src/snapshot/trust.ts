import { MeshBackupError } from '../errors.ts';
import { isSignedManifest, type Manifest } from './manifest.ts';

/** Whose signature counts. Keys are base64url without padding. */
export type Trust =
  /** One of these keys' and no others'. */
  | { readonly kind: 'strict'; readonly keys: readonly string[] }
  /** Anybody's. `ownKey` is that of the local database; whether it was that one is told. */
  | { readonly kind: 'default'; readonly ownKey?: string | undefined }
  /** Nobody's: neither signature nor checksums count. `instead` is what they are judged by, to be told only. */
  | { readonly kind: 'forced'; readonly instead?: JudgedTrust };

/** All but the one that judges nothing. */
export type JudgedTrust = Exclude<Trust, { readonly kind: 'forced' }>;

/** By what a snapshot was believed. */
export type TrustVerdict =
  | { readonly by: 'trusted-keys' }
  | { readonly by: 'own-key' }
  /** The key that the manifest itself names: it is as its maker made it, whoever that was. */
  | { readonly by: 'own-word' }
  /** Not at all. `failure` is why it would not have been; `undefined` where it would. */
  | { readonly by: 'nothing'; readonly failure: MeshBackupError | undefined };

/**
 * Judges the signature, then what the checks behind it (`assertSums`) throw. Throws `SIGNATURE_MISMATCH`,
 * `UNTRUSTED_KEY`, and what they throw.
 */
export function judgeTrust(manifest: Manifest, trust: Trust, assertSums: () => void): TrustVerdict {
  if (trust.kind === 'forced') {
    try {
      judgeTrust(manifest, trust.instead ?? { kind: 'default' }, assertSums);
      return { by: 'nothing', failure: undefined };
    } catch (error) {
      if (!(error instanceof MeshBackupError)) throw error;
      return { by: 'nothing', failure: error };
    }
  }
  if (!isSignedManifest(manifest)) {
    throw new MeshBackupError(
      'SIGNATURE_MISMATCH',
      'The signature does not fit the manifest and the key that it names: one of them was changed.',
      { hint: 'Is there another copy?' },
    );
  }
  const verdict = believe(manifest.signerKey, trust);
  assertSums();
  return verdict;
}

function believe(signerKey: string, trust: JudgedTrust): TrustVerdict {
  if (trust.kind === 'default') return { by: signerKey === trust.ownKey ? 'own-key' : 'own-word' };
  if (trust.keys.includes(signerKey)) return { by: 'trusted-keys' };
  throw new MeshBackupError(
    'UNTRUSTED_KEY',
    `The snapshot is signed with ${signerKey}, which is not trusted.`,
    {
      hint: 'If it is the key that you expect, add it to the trusted keys.',
    },
  );
}
