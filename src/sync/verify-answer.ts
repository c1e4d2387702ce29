import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { PublicKey } from '../identity/keypair.ts';
import { parseMeshHeaders, verifyAnswer } from '../mesh/request-signing.ts';
import type { SyncAnswer } from './answer.ts';

/** What an answer's signature says: `absent` is no signature at all, `bad` one that is not the key's. */
export type AnswerVerdict = 'signed' | 'absent' | 'bad';

/**
 * Checks an answer against the peer's key: the headers' signature covers the whole body; where they bear none, the
 * body's own `sig` covers the event IDs (neither the cursor nor the events' content).
 */
export function verifySyncAnswer(
  headers: IncomingHttpHeaders,
  body: Buffer,
  answer: SyncAnswer,
  key: PublicKey,
): AnswerVerdict {
  const signed = parseMeshHeaders(headers);
  if (signed !== undefined) return verifyAnswer(signed, body, key) ? 'signed' : 'bad';
  if (answer.sig === '' || answer.broken !== undefined) return 'absent';
  return key.verify(bodyDigest(answer), answer.sig) ? 'signed' : 'bad';
}

/** The 32 bytes that the body's `sig` signs: SHA256 of `{from}:{ts}:` + all event IDs in order. */
function bodyDigest({ from, ts, events }: SyncAnswer): Buffer {
  return hash('sha256', `${from}:${ts}:${events.map(({ id }) => id).join('')}`, 'buffer');
}
