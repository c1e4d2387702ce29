import { hash } from 'node:crypto';

/** The ID that an event must bear: the first 16 bytes, in hex, of SHA256 over `{ts}:{svc}:` + content. */
export function computeEventId(ts: string, svc: string, content: string): string {
  return hash('sha256', `${ts}:${svc}:${content}`, 'hex').slice(0, 32);
}

interface Signable {
  readonly id: string;
  readonly tsNs: bigint;
  readonly svc: string;
  readonly emitter: string;
  readonly content: string;
}

/** What an event's `sig` signs: the 32 bytes of SHA256 over `{id}:{ts}:{svc}:{emitter}:` + content. */
export function signableDigest({ id, tsNs, svc, emitter, content }: Signable): Buffer {
  return hash('sha256', `${id}:${tsNs}:${svc}:${emitter}:${content}`, 'buffer');
}
