import type { EventView } from '../event/event-view.ts';
import type { Checkpoint, Payload } from '../event/payload.ts';
import { proveEvent, suspicion } from '../event/proof.ts';
import {
  actorOf,
  ENOUGH_VOTERS,
  isSigned,
  signingKey,
  weighVoters,
  type VoterKeys,
} from '../event/signature.ts';
import { signableDigest } from '../event/id.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { Verdict } from './verdict.ts';

/** Keys, and which of them are more than hearsay. */
export interface JudgingKeys extends VoterKeys {
  /** Whether a key that a greeting carries may count for the name, though nobody knows it yet. */
  takesFromGreetings(name: string): boolean;
  /** Whether greetings bring more keys for the name than are tried. */
  isCrowded(name: string): boolean;
}

/** What is known of an event, and why where that is not plain. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason?: string;
  /** Of `signed`: the key. */
  readonly key?: PublicKey;
  /** Of `attested`: by fewer than servers ask for. */
  readonly hasFewVoters?: boolean;
  /** Of `attested`: by not all voters of whom greetings bring a key. */
  readonly hasDoubtfulVoters?: boolean;
}

/** Judges an event by itself. `keys` is `undefined` where signatures are not to be checked. */
export function judgeEvent(event: EventView, keys: JudgingKeys | undefined): Judgement {
  const proof = proveEvent(event);
  if (proof.class !== 'id') {
    const reason = suspicion(proof);
    return { verdict: proof.class, ...(reason !== undefined && { reason }) };
  }
  const hasEmitter = isSigned(event);
  if (keys === undefined) return { verdict: hasEmitter || hasVoters(event) ? 'unchecked' : 'unsigned' };
  const { payload } = event;
  const bySignature = hasEmitter ? judgeSignature(event, payload, keys) : undefined;
  if (payload?.svc !== 'checkpoint') return bySignature ?? { verdict: 'unsigned' };
  if (bySignature?.verdict === 'bad-signature') return bySignature;
  return judgeVoters(payload, keys);
}

/** The payload is read from bytes: not for nothing. */
function hasVoters(event: EventView): boolean {
  if (event.svc !== 'checkpoint') return false;
  return event.payload?.svc === 'checkpoint' && event.payload.signatures.length > 0;
}

function judgeSignature(event: EventView, payload: Payload | undefined, keys: JudgingKeys): Judgement {
  const key = signingKey(event, keys);
  const actor = payload === undefined ? '' : actorOf(payload);
  if (key !== undefined) {
    if (actor === event.emitter) return { verdict: 'signed', key };
    return { verdict: 'other-signer', reason: `${event.emitter} signed what ${actor} is said to have done` };
  }
  const known = keys.keysOfName(event.emitter).length;
  const isKnownFalse = known > 0 && !keys.isCrowded(event.emitter);
  const verdict = judgeByCarriedKey(event, payload, keys) ?? (isKnownFalse ? 'bad-signature' : 'unknown-key');
  if (verdict === 'unknown-key') {
    const untried = `greetings bring more keys of ${event.emitter} than the ${known} that were tried`;
    return { verdict, reason: known > 0 ? untried : `no key is known of ${event.emitter}` };
  }
  const tried = known > 1 ? `any of the ${known} keys known` : 'the key known';
  return { verdict, reason: `the signature is false under ${tried} of ${event.emitter}` };
}

/** A greeting brings the key that it is signed with: of two that no other key speaks for, one may be known false. */
function judgeByCarriedKey(
  event: EventView,
  payload: Payload | undefined,
  keys: JudgingKeys,
): Verdict | undefined {
  if (payload?.svc !== 'hey-there' && payload?.svc !== 'chau') return undefined;
  if (payload.from !== event.emitter || !keys.takesFromGreetings(payload.from)) return undefined;
  const carried = PublicKey.parse(payload.publicKey);
  if (carried === undefined) return undefined;
  return carried.verify(signableDigest(event), event.sig) ? 'unknown-key' : 'bad-signature';
}

function judgeVoters(checkpoint: Checkpoint, keys: VoterKeys): Judgement {
  if (checkpoint.signatures.length === 0) return { verdict: 'unsigned' };
  const { known, good, bad } = weighVoters(checkpoint, keys);
  if (known === 0) {
    const { voterIds, signatures } = checkpoint;
    const reason = `no key is known of any of ${voterIds.length} voters with ${signatures.length} signatures`;
    return { verdict: 'unknown-key', reason };
  }
  const reason = `attested by ${good} of ${known} known voters`;
  if (bad > 0) {
    return {
      verdict: 'bad-signature',
      reason: `${reason}: you vouch for keys of ${bad} who did not sign it`,
    };
  }
  if (good === 0) return { verdict: 'unknown-key', reason: `${reason}: ${UNSIGNED_IDS}` };
  return { verdict: 'attested', reason, hasFewVoters: good < ENOUGH_VOTERS, hasDoubtfulVoters: good < known };
}

/** Of voters whose signatures are false under the keys that greetings bring for their IDs. */
export const UNSIGNED_IDS = 'the signatures may be false, or the IDs in greetings, which nobody signs';
