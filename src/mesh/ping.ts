import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { HttpAnswer, PeerConnection } from './http.ts';

/** What a peer says of itself, unauthenticated: a name and key to hold its later answers against, no proof. */
export interface PingAnswer {
  readonly from: string | undefined;
  readonly key: PublicKey | undefined;
}

const MAX_PING_BYTES = 64 * 1024;
const NOTHING: PingAnswer = { from: undefined, key: undefined };
const PingBody = z.object({
  from: z.string().max(256).optional(),
  public_key: z.string().max(256).optional(),
});

/**
 * Asks `GET /ping`. A peer that answers something else than a nara's answer has no name and no key.
 * Throws as `PeerConnection.send` does when there is no answer at all.
 */
export async function fetchPing(
  connection: PeerConnection,
  bounds: { readonly idleTimeoutMs: number; readonly signal: AbortSignal },
): Promise<PingAnswer> {
  const answer = await askPing(connection, bounds);
  if (answer?.status !== 200) return NOTHING;
  const parsed = PingBody.safeParse(parseJson(answer.body));
  if (!parsed.success) return NOTHING;
  const { from, public_key: key } = parsed.data;
  return { from: from === '' ? undefined : from, key: key === undefined ? undefined : PublicKey.parse(key) };
}

/** `undefined` for an answer far longer than a nara's. */
async function askPing(
  connection: PeerConnection,
  bounds: { readonly idleTimeoutMs: number; readonly signal: AbortSignal },
): Promise<HttpAnswer | undefined> {
  try {
    return await connection.send({ method: 'GET', path: '/ping', maxBytes: MAX_PING_BYTES, ...bounds });
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
