import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { PublicKey } from '../identity/keypair.ts';
import { parseMeshHeaders, verifyAnswer } from '../mesh/request-signing.ts';
import type { SyncAnswer } from './answer.ts';

/**
 * What an answer's signature says. `whole`: the key signed the whole body. `ids`: it signed the event IDs, but neither
 * the cursor nor the events' content. `absent`: no signature at all. `bad`: one that is not the key's.
 */
export interface AnswerVerdict {
  readonly signature: 'whole' | 'ids' | 'absent' | 'bad';
  /** The name that the signature covers, '' where none verifies. It need not be the one that `/ping` gives. */
  readonly signer: string;
}

/**
 * Checks an answer against the peer's key: the headers' signature covers the whole body; where they bear none, the
 * body's own `sig` counts. It never makes up for a bad signature, or half a one, in the headers.
 */
export function verifySyncAnswer(
  headers: IncomingHttpHeaders,
  body: Buffer,
  answer: SyncAnswer,
  key: PublicKey,
): AnswerVerdict {
  const signed = parseMeshHeaders(headers);
  if (signed === 'damaged') return BAD;
  if (signed !== 'absent') {
    return verifyAnswer(signed, body, key) ? { signature: 'whole', signer: signed['x-nara-name'] } : BAD;
  }
  if (answer.sig === '' || answer.broken !== undefined) return { signature: 'absent', signer: '' };
  return key.verify(idsDigest(answer), answer.sig) ? { signature: 'ids', signer: answer.from } : BAD;
}

const BAD: AnswerVerdict = { signature: 'bad', signer: '' };

/** The 32 bytes that the body's `sig` signs: SHA256 of `{from}:{ts}:` + all event IDs in order. */
function idsDigest({ from, ts, events }: SyncAnswer): Buffer {
  return hash('sha256', `${from}:${ts}:${events.map(({ id }) => id).join('')}`, 'buffer');
}
