import type { EventView } from './event-view.ts';
import { hasChain } from './content.ts';
import { signableDigest } from './id.ts';
import type { KeySource } from './keyring.ts';
import type { PublicKey } from '../identity/keypair.ts';
import type { Checkpoint, Payload } from './payload.ts';

/** So many voters of a checkpoint are looked at; real ones have a handful. */
const MAX_VOTERS = 100;

/** An event counts as signed only when both `emitter` and `sig` are there. */
export function isSigned(event: EventView): boolean {
  return event.emitter !== '' && event.sig !== '';
}

/** Whether a key known for the emitter made the signature: it proves who said the content string, nothing else. */
export function verifyEventSignature(event: EventView, keys: KeySource): boolean {
  return signingKey(event, keys) !== undefined;
}

/** The key known for the emitter that made the signature; `undefined`: none, or there is no signature. */
export function signingKey(event: EventView, keys: KeySource): PublicKey | undefined {
  if (!isSigned(event)) return undefined;
  const known = keys.keysOfName(event.emitter);
  if (known.length === 0) return undefined;
  const digest = signableDigest(event);
  return known.find((key) => key.verify(digest, event.sig));
}

/** The nara that the content speaks for, which is who should have signed it. */
export function actorOf(payload: Payload): string {
  switch (payload.svc) {
    case 'social':
      return payload.actor;
    case 'ping':
    case 'observation':
    case 'seen':
      return payload.observer;
    case 'hey-there':
    case 'chau':
      return payload.from;
    case 'checkpoint':
      return payload.subject;
  }
}

/**
 * How many distinct voters signed the checkpoint with keys known for their IDs. Servers count one voter listed twice
 * as two; we do not. Two and more attest it. Source: specification, "Checkpoints are signed by voters".
 */
export function countVoters(checkpoint: Checkpoint, keys: KeySource): number {
  return weighVoters(checkpoint, keys).good;
}

/** As `countVoters`, and of how many distinct voters with a signature a key is known at all. */
export function weighVoters(checkpoint: Checkpoint, keys: KeySource): { known: number; good: number } {
  const known = new Set<string>();
  const attested = new Set<string>();
  for (const [at, voter] of checkpoint.voterIds.slice(0, MAX_VOTERS).entries()) {
    const signature = checkpoint.signatures[at];
    if (signature === undefined || attested.has(voter)) continue;
    const keysOfVoter = keys.keysOfId(voter);
    if (keysOfVoter.length > 0) known.add(voter);
    const message = Buffer.from(attestation(checkpoint, voter));
    if (keysOfVoter.some((key) => key.verify(message, signature))) attested.add(voter);
  }
  return { known: known.size, good: attested.size };
}

/** The text that a voter signs, not hashed. */
export function attestation(checkpoint: Checkpoint, voterId: string): string {
  const { version, subjectId, asOfTime, restarts, totalUptime, startTime, previousCheckpointId } = checkpoint;
  const claim = `${voterId}:${subjectId}:${asOfTime}:${restarts}:${totalUptime}:${startTime}`;
  return hasChain(checkpoint)
    ? `attestation:v${version}:${claim}:${previousCheckpointId}`
    : `attestation:v1:${claim}`;
}
