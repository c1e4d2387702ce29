import { z } from 'zod';
import { parseJson } from '../event/parse-json.ts';
import type { SigningKey } from './signing-key.ts';
import { VerifyKey } from './verify-key.ts';

/** Records that operators sign; each kind has a domain of its own, so that a signature for one is one for nothing else. */
export type RecordKind = 'drill' | 'incident';

const Seal = z.strictObject({ key: z.string(), sig: z.string() });

function sealedBytes(kind: RecordKind, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`mesh-backup:${kind}:v1:`), payload]);
}

/** The lines of a record: the payload, which has no line feed, and the seal where there is a key. Source: docs/managed.md. */
export function sealRecord(kind: RecordKind, payload: string, signer: SigningKey | undefined): Buffer {
  if (signer === undefined) return Buffer.from(`${payload}\n`);
  const sig = signer.sign(sealedBytes(kind, Buffer.from(payload)));
  return Buffer.from(`${payload}\n${JSON.stringify({ key: signer.publicKey, sig })}\n`);
}

export interface OpenedRecord {
  /** JSON or not. */
  readonly payload: Buffer;
  /** Who sealed it: base64url without padding; `undefined`: nobody. */
  readonly key: string | undefined;
}

/** Takes a record apart. Returns why its seal does not hold where that is so. */
export function openRecord(kind: RecordKind, bytes: Buffer): OpenedRecord | { readonly flaw: string } {
  const end = bytes.indexOf('\n');
  if (end === -1) return { flaw: 'its first line has no end' };
  const payload = bytes.subarray(0, end);
  if (end + 1 === bytes.length) return { payload, key: undefined };
  const seal = Seal.safeParse(parseJson(bytes.toString('utf8', end + 1)));
  if (!seal.success) return { flaw: 'its second line is no seal' };
  const key = VerifyKey.parse(seal.data.key);
  if (key === undefined) return { flaw: 'its key is no Ed25519 key' };
  if (!key.verify(sealedBytes(kind, payload), seal.data.sig)) return { flaw: 'its signature is false' };
  return { payload, key: key.text };
}
