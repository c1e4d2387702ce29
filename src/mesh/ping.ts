import { z } from 'zod';
import { PublicKey } from '../identity/keypair.ts';
import type { PeerHttp } from './http.ts';

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
 * Throws as `PeerHttp.send` does when there is no answer at all.
 */
export async function fetchPing(
  http: PeerHttp,
  base: URL,
  bounds: { readonly idleTimeoutMs: number; readonly signal: AbortSignal },
): Promise<PingAnswer> {
  const answer = await http.send({
    method: 'GET',
    url: endpoint(base, '/ping'),
    maxBytes: MAX_PING_BYTES,
    ...bounds,
  });
  if (answer.status !== 200) return NOTHING;
  const parsed = PingBody.safeParse(parseJson(answer.body));
  if (!parsed.success) return NOTHING;
  const { from, public_key: key } = parsed.data;
  return { from, key: key === undefined ? undefined : PublicKey.parse(key) };
}

/** A nara's path below the peer's URL, which may itself have a path (a proxy's). */
export function endpoint(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  url.search = '';
  url.hash = '';
  return url;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
