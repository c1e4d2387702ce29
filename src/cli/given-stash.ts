import { MeshBackupError } from '../errors.ts';
import { deriveKeypair } from '../identity/keypair.ts';
import type { Soul } from '../identity/soul.ts';
import { parseDocument } from '../stash/document.ts';
import { isEnvelope, openStash, parseEnvelope, type SealedStash } from '../stash/envelope.ts';

/** A stash that a nara is to be given. */
export interface GivenStash {
  /** `undefined`: a bare document. */
  readonly sealed: SealedStash | undefined;
  /** The document's bytes. Throws `STASH_OTHER_SOUL`, and as `openStash` and `parseDocument` where it is another soul's. */
  readonly open: () => Buffer;
}

/**
 * Reads a file. What is this soul's, or bare, is opened at once: no nara needs to be there to find it damaged. For what is
 * another's it can tell more, so that is left to `open`. Throws `STASH_FORMAT`, `STASH_CHANGED`.
 */
export function parseGivenStash(file: Buffer, isPlain: boolean, soul: Soul): GivenStash {
  if (isPlain) {
    const document = parseDocument(file);
    if (!isEnvelope(document)) return { sealed: undefined, open: () => document };
    throw new MeshBackupError('STASH_FORMAT', 'This is a sealed stash, no bare document.', {
      hint: 'Leave out --plain.',
    });
  }
  const sealed = parseEnvelope(file);
  const open = (): Buffer => parseDocument(openStash(soul, sealed));
  if (sealed.publicKey !== deriveKeypair(soul).publicKey) return { sealed, open };
  const document = open();
  return { sealed, open: () => document };
}
