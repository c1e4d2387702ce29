import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import { decodeBase64, encodeBase64 } from '../identity/base64.ts';
import { deriveKeypair } from '../identity/keypair.ts';
import { NONCE_BYTES, seal, unseal, type Sealed } from '../identity/seal.ts';
import type { Soul } from '../identity/soul.ts';
import { findDamage } from './damage.ts';
import { MAX_HELD_BYTES, withoutBom } from './document.ts';

const FORMAT = 'mesh-backup stash';
const VERSION = 1;

/** What a nara holds can be kept: Base64 makes four bytes of three, and the rest is for the other fields. */
export const MAX_ENVELOPE_BYTES = Math.ceil(MAX_HELD_BYTES / 3) * 4 + 64 * 1024;

/** What an envelope says in the open. Bound to the sealed document: who changes any of it spoils the whole. */
export interface StashLabel {
  /** What the nara calls itself; '' where it does not tell. */
  readonly name: string;
  /** Base64; of the soul that it is sealed for. */
  readonly publicKey: string;
  /** When the nara was given the stash, unix seconds of its clock. */
  readonly timestamp: number;
  /** When we fetched it, RFC 3339. */
  readonly takenAt: string;
}

export interface SealedStash extends StashLabel, Sealed {}

const Head = z.object({ format: z.literal(FORMAT), version: z.unknown().optional() });

const Label = z.strictObject({
  name: z.string().max(256),
  publicKey: z.string().max(64),
  timestamp: z.int(),
  takenAt: z.iso.datetime(),
});

const Fields = Label.extend({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  nonce: z.string(),
  ciphertext: z.string(),
});

/**
 * Seals a document for the soul: one line of JSON, without a line end. Format: docs/stash.md. Throws `USAGE` for a label
 * that no envelope can have.
 */
export function sealStash(
  soul: Soul,
  { name, timestamp, takenAt }: Omit<StashLabel, 'publicKey'>,
  document: Uint8Array,
): string {
  const { publicKey } = deriveKeypair(soul);
  const { data: label, error } = Label.safeParse({
    name: name.toWellFormed(),
    publicKey,
    timestamp,
    takenAt,
  });
  if (label === undefined) {
    const fields = error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new MeshBackupError('USAGE', `No stash can be sealed with such a label: ${fields}.`);
  }
  const sealed = seal(soul, document, boundTo(label));
  return JSON.stringify({
    format: FORMAT,
    version: VERSION,
    ...label,
    nonce: encodeBase64(sealed.nonce),
    ciphertext: encodeBase64(sealed.ciphertext),
  });
}

/** Whether a JSON document is an envelope of any version, by its outermost `format`. */
export function isEnvelope(document: Buffer): boolean {
  return Head.safeParse(parseJson(document.toString('utf8'))).success;
}

/** Reads an envelope, unopened. Throws `STASH_FORMAT` where it is none, `STASH_CHANGED` where it was one. */
export function parseEnvelope(file: Buffer): SealedStash {
  const bytes = withoutBom(file);
  const found = parseJson(bytes.toString('utf8'));
  if (found === undefined && bytes.includes(FORMAT)) throw changed();
  const { data: head } = Head.safeParse(found);
  if (head === undefined) {
    const hint = 'A bare document is restored with --plain.';
    const message = 'What was given is no stash that dump-stash sealed.';
    throw new MeshBackupError('STASH_FORMAT', message, found === undefined ? {} : { hint });
  }
  if (Number.isInteger(head.version) && head.version !== VERSION) {
    throw new MeshBackupError('STASH_FORMAT', 'The sealed stash is of a version that we do not know.', {
      hint: 'A newer mesh-backup reads it.',
    });
  }
  // Which of two equal keys was sealed, other readers may see otherwise.
  if (findDamage(bytes).damages.some(({ kind }) => kind === 'equal-keys')) throw changed();
  const fields = Fields.safeParse(found);
  if (!fields.success) throw changed();
  const { nonce, ciphertext, name, publicKey, timestamp, takenAt } = fields.data;
  const sealed = { nonce: bytesOf(nonce), ciphertext: bytesOf(ciphertext) };
  if (sealed.nonce.length !== NONCE_BYTES) throw changed();
  return { name, publicKey, timestamp, takenAt, ...sealed };
}

/**
 * The very bytes that were sealed. Throws `STASH_OTHER_SOUL` where the envelope says that it is another soul's,
 * `STASH_CHANGED` where it does not open.
 */
export function openStash(soul: Soul, stash: SealedStash): Buffer {
  const { publicKey } = deriveKeypair(soul);
  if (stash.publicKey !== publicKey) {
    // With our key in the label it opens: that is what was changed.
    if (unseal(soul, stash, boundTo({ ...stash, publicKey })) !== undefined) throw changed();
    throw new MeshBackupError(
      'STASH_OTHER_SOUL',
      `The stash was sealed for another soul: ${stash.name || 'a nara without a name'}, key ${stash.publicKey}.`,
      { hint: 'Only that soul opens it.' },
    );
  }
  const document = unseal(soul, stash, boundTo(stash));
  if (document === undefined) throw changed();
  return document;
}

/** Unlike the envelope's own bytes the same however that is laid out. */
function boundTo({ name, publicKey, timestamp, takenAt }: StashLabel): Buffer {
  return Buffer.from(JSON.stringify([FORMAT, VERSION, name, publicKey, timestamp, takenAt]));
}

/** Throws `STASH_CHANGED` for all but the one Base64 spelling of the bytes. */
function bytesOf(text: string): Buffer {
  const bytes = decodeBase64(text);
  if (bytes === undefined || encodeBase64(bytes) !== text) throw changed();
  return bytes;
}

function changed(): MeshBackupError {
  return new MeshBackupError('STASH_CHANGED', 'The sealed stash was changed or damaged: it does not open.', {
    hint: 'Nothing of it can be trusted or read. Is there another copy?',
  });
}
