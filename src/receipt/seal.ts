import type { Keypair } from '../identity/keypair.ts';

/** What goes before the payload when it is signed: a signature for us is one for nothing else. */
const DOMAIN = 'mesh-backup:receipt:v1:';

/** What the seal of a receipt signs: the payload is its first line, without the line feed. */
export function sealedBytes(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(DOMAIN), payload]);
}

/** The two lines of a receipt: the payload, and the seal of who asked for the dump. Source: docs/receipt.md. */
export function sealReceipt(payload: string, { publicKey, sign }: Keypair): Buffer {
  const seal = JSON.stringify({ key: publicKey, sig: sign(sealedBytes(Buffer.from(payload))) });
  return Buffer.from(`${payload}\n${seal}\n`);
}
