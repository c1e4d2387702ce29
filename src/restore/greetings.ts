import type { EventView } from '../event/event-view.ts';
import { signableDigest } from '../event/id.ts';
import type { KeyRing } from '../event/keyring.ts';
import type { Chau, HeyThere } from '../event/payload.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { HeldLedger } from './held-ledger.ts';

/** Why a greeting is not sent. */
export type GreetingFlaw = 'greeting-unproven' | 'name-contested' | 'name-offline';

export interface GreetingRules {
  /** Taught by the backup and by the target. */
  readonly keys: KeyRing;
  readonly held: HeldLedger;
  /** Names that the target lists as online; `undefined`: it does not tell. */
  readonly online: ReadonlySet<string> | undefined;
  /** Send also those of names that are not online. */
  readonly withPresence: boolean;
}

/**
 * Why a `hey-there` or `chau` must not be sent, `undefined` if it may. A server believes the first key that it hears
 * for a name, and a greeting puts the name's whole history under its clean-up. Source: specification, "Keys", "Clean-up".
 */
export function judgeGreeting(event: EventView, rules: GreetingRules): GreetingFlaw | undefined {
  const { payload } = event;
  if (payload?.svc !== 'hey-there' && payload?.svc !== 'chau') return undefined;
  // Before what costs a signature's check.
  if (!rules.withPresence && rules.online?.has(payload.from) !== true) return 'name-offline';
  if (!isSignedByItself(event, payload, rules.keys)) return 'greeting-unproven';
  return isContested(payload, rules) ? 'name-contested' : undefined;
}

function isSignedByItself(event: EventView, { from, publicKey }: HeyThere | Chau, keys: KeyRing): boolean {
  if (event.emitter !== from || event.sig === '') return false;
  // Making a key costs more than using it.
  const known = keys.keysOfName(from).find(({ text }) => text === publicKey);
  return (known ?? PublicKey.parse(publicKey))?.verify(signableDigest(event), event.sig) === true;
}

/** Several keys are known for the name, and the operator vouches for none, or not for this one. */
function isContested({ from, publicKey }: HeyThere | Chau, { keys, held }: GreetingRules): boolean {
  const counting = keys.keysOfName(from).map(({ text }) => text);
  if (!counting.includes(publicKey) || keys.isContested(from)) return true;
  return !keys.isPinned(from) && [...held.keysOf(from)].some((key) => key !== publicKey);
}
