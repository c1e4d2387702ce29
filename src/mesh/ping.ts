import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

/** What a peer says of itself, unauthenticated: a name and key to hold its later answers against, no proof. */
export interface PingAnswer {
  readonly from: string | undefined;
  readonly key: PublicKey | undefined;
}

/** A peer that says nothing of itself. */
export const NO_PING: PingAnswer = { from: undefined, key: undefined };

const MAX_PING_BYTES = 64 * 1024;
const PingBody = z.object({
  from: z.string().max(256).optional(),
  public_key: z.string().max(256).optional(),
});

type Send = (request: Pick<HttpRequest, 'method' | 'path' | 'maxBytes'>) => Promise<HttpAnswer>;

/**
 * Asks `GET /ping`. A peer that answers something else than a nara's answer has no name and no key.
 * Throws what `send` throws when there is no answer at all, and `PEER_STATUS` for a peer that is too busy just now.
 */
export async function fetchPing(send: Send): Promise<PingAnswer> {
  const answer = await askPing(send);
  if (answer !== undefined && (answer.status === 429 || answer.status >= 500)) {
    throw new MeshBackupError('PEER_STATUS', `HTTP ${answer.status} to /ping`, { retryable: true });
  }
  if (answer?.status !== 200) return NO_PING;
  const parsed = PingBody.safeParse(parseJson(answer.body));
  if (!parsed.success) return NO_PING;
  const { from, public_key: key } = parsed.data;
  return { from: from === '' ? undefined : from, key: key === undefined ? undefined : PublicKey.parse(key) };
}

/** `undefined` for an answer far longer than a nara's. */
async function askPing(send: Send): Promise<HttpAnswer | undefined> {
  try {
    return await send({ method: 'GET', path: '/ping', maxBytes: MAX_PING_BYTES });
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'PEER_TOO_LARGE') return undefined;
    throw error;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
