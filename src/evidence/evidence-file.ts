import { hash } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../event/parse-json.ts';
import { ALL_ZERO_SOUL_KEY, type PublicKey } from '../identity/keypair.ts';
import type { SignedAnswer } from '../sync/walk-options.ts';
import { Claim } from './claim.ts';

/** A longer answer is not kept. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** No file of evidence is longer: the body in Base64, and the claims. */
export const MAX_EVIDENCE_BYTES = 128 * 1024 * 1024;
/** So many claims a file names; further ones are in the answer all the same. */
export const MAX_CLAIMS = 100;

/** Source: docs/archive.md, "Evidence". */
const Evidence = z.strictObject({
  type: z.literal('mesh-backup evidence'),
  version: z.literal(1),
  /** Standard Base64, as are `body` and the signature. */
  key: z.string(),
  /** As the peer signed them, in UTF-8. */
  headers: z.strictObject({
    'x-nara-name': z.string(),
    'x-nara-timestamp': z.string(),
    'x-nara-signature': z.string(),
  }),
  claims: z.array(Claim).min(1).max(MAX_CLAIMS),
  /** What we say and nobody signed. */
  unproven: z.strictObject({ takenAt: z.string(), request: z.string() }),
  body: z.string(),
});

export type Evidence = z.infer<typeof Evidence>;

/** A signed answer, as it is kept. */
export type KeptAnswer = Pick<SignedAnswer, 'headers' | 'body' | 'request'> & { readonly key: string };

export function writeEvidence(answer: KeptAnswer, claims: readonly Claim[], takenAtMs: number): Buffer {
  const evidence: Evidence = {
    type: 'mesh-backup evidence',
    version: 1,
    key: answer.key,
    headers: answer.headers,
    claims: claims.slice(0, MAX_CLAIMS),
    unproven: { takenAt: new Date(takenAtMs).toISOString(), request: answer.request },
    body: answer.body.toString('base64'),
  };
  return Buffer.from(`${JSON.stringify(evidence)}\n`);
}

/** `undefined` where the bytes are no evidence of a version that we know. */
export function parseEvidence(bytes: Buffer): Evidence | undefined {
  return Evidence.safeParse(parseJson(bytes.toString())).data;
}

/** Whether an answer signed with it says anything about anybody: of one key the secret half is public. */
export function canAccuse({ text }: PublicKey): boolean {
  return text !== ALL_ZERO_SOUL_KEY;
}

/** How the files of a key begin: nothing that a peer chose by itself becomes a file name. */
export function keyHash(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 16);
}

const NAME = /^([0-9a-f]{16})-([1-9]\d{0,8})\.json$/;

/** What a file's name says; `undefined` where it is no name of evidence. */
export function parseEvidenceName(name: string): { hash: string; number: number } | undefined {
  const [, found, number] = NAME.exec(name) ?? [];
  return found === undefined ? undefined : { hash: found, number: Number(number) };
}
