import type { KeySource } from '../event/keyring.ts';
import { readLine } from '../event/event-view.ts';
import { decodeBase64 } from '../identity/base64.ts';
import { PublicKey } from '../identity/keypair.ts';
import { verifyAnswer } from '../mesh/request-signing.ts';
import { parseSyncAnswer, type SyncAnswer } from '../sync/answer.ts';
import { claim, type Claim, type OwnedKey } from './claim.ts';
import { canAccuse, keyHash, MAX_BODY_BYTES, parseEvidence, parseEvidenceName } from './evidence-file.ts';
import { judgeAnswer } from './judge-answer.ts';
import { accusingKeys, judgeCopies } from './judge-copies.ts';

/** Keys that the operator vouches for. */
export interface Vouched {
  /** Where it has any key of an owner, no others count. */
  readonly keys: KeySource;
  /** No others count at all. */
  readonly only: boolean;
}

/** Evidence that holds: whoever has the key handed out what the claims say. */
export interface Proven {
  /** Standard Base64. */
  readonly key: string;
  readonly claims: readonly Claim[];
}

/** Judges a file of evidence from its bytes anew. Returns why it does not hold where it does not. Never throws. */
export function checkEvidence(name: string, bytes: Buffer, vouched: Vouched): Proven | { flaw: string } {
  const evidence = parseEvidence(bytes);
  if (evidence === undefined) return { flaw: 'it is no evidence of a version that we know' };
  const { headers, claims } = evidence;
  const key = PublicKey.parse(evidence.key);
  if (key === undefined) return { flaw: 'its key is no Ed25519 key' };
  if (!canAccuse(key)) return { flaw: 'anybody can sign with its key' };
  if (parseEvidenceName(name)?.hash !== keyHash(key.text)) return { flaw: 'its name is not that of its key' };
  const body = decodeExactly(evidence.body);
  if (body === undefined) return { flaw: 'its body is not the one Base64 spelling of any' };
  if (body.length > MAX_BODY_BYTES) return { flaw: 'its body is too large' };
  if (!verifyAnswer(headers, body, key)) return { flaw: 'the signature of the answer is false' };
  const answer = parseSyncAnswer(body);
  const selfEvident = new Set(Array.from(judgeAnswer(answer), (one) => JSON.stringify(one)));
  for (const one of claims) {
    const holds = one.better === undefined ? selfEvident.has(spell(one)) : holdsBeside(one, answer, vouched);
    if (!holds) return { flaw: `the answer's event ${one.index} is not shown to be ${one.class}` };
  }
  return { key: key.text, claims };
}

/** Whether a claim is what the answer's event is beside the better copy, under the keys named and not disowned. */
function holdsBeside(said: Claim, { events }: SyncAnswer, vouched: Vouched): boolean {
  const given = events[said.index];
  const line = decodeExactly(said.better?.line ?? '');
  const better = line && readLine(line);
  if (given === undefined || better === undefined) return false;
  const kind = judgeCopies(given, better, accusingKeys(keySource(said.better?.keys ?? [], vouched)));
  return kind !== undefined && spell(claim(kind, said.index, given.id, said.better)) === spell(said);
}

/** One claim is one text. */
function spell({ class: kind, reason, index, id, better }: Claim): string {
  return JSON.stringify({ class: kind, reason, index, id, ...(better && { better }) });
}

function keySource(owned: readonly OwnedKey[], { keys: vouched, only }: Vouched): KeySource {
  const find = (kind: OwnedKey['of'], owner: string): PublicKey[] => {
    const pinned = (kind === 'name' ? vouched.keysOfName(owner) : vouched.keysOfId(owner)).map((k) => k.text);
    const isDisowned = (text: string): boolean => (pinned.length > 0 || only) && !pinned.includes(text);
    return owned
      .filter((one) => one.of === kind && one.owner === owner && !isDisowned(one.key))
      .map(({ key }) => PublicKey.parse(key))
      .filter((key) => key !== undefined);
  };
  return { keysOfName: (owner) => find('name', owner), keysOfId: (owner) => find('id', owner) };
}

/** Bytes in the spelling that we write, and in no other. */
function decodeExactly(text: string): Buffer | undefined {
  const bytes = decodeBase64(text);
  return bytes?.toString('base64') === text ? bytes : undefined;
}
