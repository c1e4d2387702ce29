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
  return event.isSigned;
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

/** So many voters attest a checkpoint. Source: specification, "Checkpoints are signed by voters". */
export const ENOUGH_VOTERS = 2;

/**
 * How many distinct voters signed the checkpoint with keys known for their IDs. Servers count one voter listed twice
 * as two; we do not. `ENOUGH_VOTERS` attest it. Source: specification, "Checkpoints are signed by voters".
 */
export function countVoters(checkpoint: Checkpoint, keys: KeySource): number {
  return lookAtVoters(checkpoint, keys).good.size;
}

/** Keys of voters, and which of them are more than hearsay. */
export interface VoterKeys extends KeySource {
  /** Whether the operator vouches for a key of the ID. */
  isPinnedId(id: string): boolean;
}

/** How many distinct voters have a signature, and what is known of them. */
export interface VoterWeights {
  readonly signatures: number;
  /** Those of whom a key is known at all. */
  readonly known: number;
  /** Those of `known` who signed it. */
  readonly good: number;
  /**
   * Those of `known` who certainly did not. A greeting's signature does not cover the ID that it names, and nothing
   * public is bound to an ID: what a greeting says of it may confirm a signature, and only a key that the operator
   * vouches for convicts one.
   */
  readonly bad: number;
}

/** As `countVoters`, and what is known of those who do not count. */
export function weighVoters(checkpoint: Checkpoint, keys: VoterKeys): VoterWeights {
  const { all, known, good } = lookAtVoters(checkpoint, keys);
  let bad = 0;
  for (const voter of known) if (!good.has(voter) && keys.isPinnedId(voter)) bad++;
  return { signatures: all.size, known: known.size, good: good.size, bad };
}

interface Voters {
  /** With a signature. */
  readonly all: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  readonly good: ReadonlySet<string>;
}

function lookAtVoters(checkpoint: Checkpoint, keys: KeySource): Voters {
  const [all, known, good] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const [at, voter] of checkpoint.voterIds.slice(0, MAX_VOTERS).entries()) {
    const signature = checkpoint.signatures[at];
    if (signature === undefined || good.has(voter)) continue;
    all.add(voter);
    const keysOfVoter = keys.keysOfId(voter);
    if (keysOfVoter.length === 0) continue;
    known.add(voter);
    const message = Buffer.from(attestation(checkpoint, voter));
    if (keysOfVoter.some((key) => key.verify(message, signature))) good.add(voter);
  }
  return { all, known, good };
}

/** The text that a voter signs, not hashed. */
export function attestation(checkpoint: Checkpoint, voterId: string): string {
  const { version, subjectId, asOfTime, restarts, totalUptime, startTime, previousCheckpointId } = checkpoint;
  const claim = `${voterId}:${subjectId}:${asOfTime}:${restarts}:${totalUptime}:${startTime}`;
  return hasChain(checkpoint)
    ? `attestation:v${version}:${claim}:${previousCheckpointId}`
    : `attestation:v1:${claim}`;
}
