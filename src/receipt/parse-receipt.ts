import { z } from 'zod';
import { PublicKey } from '../identity/keypair.ts';
import { parseJson } from '../event/parse-json.ts';
import { sealedBytes } from './seal.ts';

const Count = z.number().int().nonnegative();
const Sum = z.object({ bytes: Count, sha256: z.string().optional() });
/** What a receipt says of a backup; a decimal string is unix nanoseconds. */
const Content = Sum.extend({
  lines: Count,
  firstTs: z.string().optional(),
  lastTs: z.string().optional(),
  uncompressed: Sum.optional(),
});

const Payload = z.object({
  type: z.literal('mesh-backup receipt'),
  version: z.literal(1),
  requester: z.string(),
  endedAt: z.string(),
  exitStatus: z.number().optional(),
  command: z.array(z.string()).optional(),
  file: z.string().nullable(),
  output: Content,
  before: Content.nullable(),
  events: z.object({
    read: Count,
    written: Count,
    duplicate: Count,
    quarantined: Count,
    filtered: Count,
  }),
  peers: z.array(
    z.object({
      claimedName: z.string().optional(),
      publicKey: z.string().optional(),
      proven: z.boolean(),
    }),
  ),
});

const Seal = z.object({ key: z.string(), sig: z.string() });

export type ClaimedSum = z.infer<typeof Sum>;
export type ClaimedContent = z.infer<typeof Content>;

/** What a receipt whose seal is good says, as far as it can be held against a backup. */
export interface Receipt extends z.infer<typeof Payload> {
  /** Who sealed it; that it is the requester's is the operator's to know. */
  readonly key: PublicKey;
}

/** Reads a receipt. Returns why it does not hold where it is none, or its seal is not good. Source: docs/receipt.md. */
export function parseReceipt(bytes: Buffer): Receipt | { readonly flaw: string } {
  const end = bytes.indexOf('\n');
  if (end === -1) return { flaw: 'it is no receipt: two lines are wanted' };
  const payload = bytes.subarray(0, end);
  const seal = Seal.safeParse(parseJson(bytes.toString('utf8', end + 1)));
  if (!seal.success) return { flaw: 'it is no receipt: its second line is no seal' };
  const key = PublicKey.parse(seal.data.key);
  if (key === undefined) return { flaw: 'its key is no Ed25519 key' };
  if (!key.verify(sealedBytes(payload), seal.data.sig)) return { flaw: 'its signature is false' };
  const said = Payload.safeParse(parseJson(payload.toString()));
  if (!said.success) return { flaw: 'it is signed, but it is no receipt of a version that we know' };
  return { ...said.data, key };
}
