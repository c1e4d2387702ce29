import { z } from 'zod';
import { PublicKey } from '../identity/keypair.ts';
import { fetchJson, type Send } from './fetch-json.ts';

/** What a peer says of itself, unauthenticated: a name and key to hold its later answers against, no proof. */
export interface PingAnswer {
  readonly from: string | undefined;
  readonly key: PublicKey | undefined;
  /** Its clock when it answered, unix milliseconds; `undefined`: it does not tell. */
  readonly unixMs: number | undefined;
}

/** A peer that says nothing of itself. */
export const NO_PING: PingAnswer = { from: undefined, key: undefined, unixMs: undefined };

const MAX_PING_BYTES = 64 * 1024;
const NS_PER_MS = 1_000_000;
const PingBody = z.object({
  from: z.string().max(256).optional(),
  public_key: z.string().max(256).optional(),
  // Nanoseconds: more than a number holds to the last, but to the quarter of a microsecond.
  t: z.number().positive().optional().catch(undefined),
});

/**
 * Asks `GET /ping`. A peer that answers something else than a nara's answer has no name and no key.
 * Throws what `send` throws when there is no answer at all, and `PEER_STATUS` for a peer that is too busy just now.
 */
export async function fetchPing(send: Send): Promise<PingAnswer> {
  const parsed = PingBody.safeParse(await fetchJson(send, '/ping', MAX_PING_BYTES));
  if (!parsed.success) return NO_PING;
  const { from, public_key: key, t: unixNs } = parsed.data;
  return {
    from: from === '' ? undefined : from,
    key: key === undefined ? undefined : PublicKey.parse(key),
    unixMs: unixNs === undefined ? undefined : unixNs / NS_PER_MS,
  };
}
