import type { KeyRing } from '../event/keyring.ts';
import { ALL_ZERO_SOUL_KEY, PublicKey } from '../identity/keypair.ts';
import { parseReceipt, type Receipt } from '../receipt/parse-receipt.ts';

/** A receipt that was looked at by itself. */
export interface OpenedReceipt {
  /** What it says, where its seal is good. */
  readonly receipt: Receipt | undefined;
  /** Why it does not hold whatever the file is. */
  readonly flaws: readonly string[];
  /** Teaches the ring the signer's key, and those of peers whose answers verified. */
  teach(ring: KeyRing): void;
}

/** Looks at a receipt: its seal, and whether who sealed it is whom the operator vouches for, if for anybody. */
export function openReceipt(bytes: Buffer, pinned: KeyRing): OpenedReceipt {
  const receipt = parseReceipt(bytes);
  if ('flaw' in receipt) return { receipt: undefined, flaws: [receipt.flaw], teach: () => undefined };
  const { requester, key } = receipt;
  const isOthers =
    pinned.isPinned(requester) && !pinned.keysOfName(requester).some(({ text }) => text === key.text);
  const isOpen = key.text === ALL_ZERO_SOUL_KEY;
  const flaws = [
    ...(isOthers ? [`it is signed by ${key.text}, which is not the key given for ${requester}`] : []),
    ...(isOpen ? ['it is signed with a key that anybody can sign with'] : []),
  ];
  return {
    receipt,
    flaws,
    teach(ring) {
      if (isOthers || isOpen) return;
      ring.add(requester, key);
      for (const { claimedName, publicKey, proven } of receipt.peers) {
        const peerKey = proven && publicKey !== undefined ? PublicKey.parse(publicKey) : undefined;
        if (peerKey !== undefined && claimedName !== undefined) ring.add(claimedName, peerKey);
      }
    },
  };
}
