import { hash } from 'node:crypto';
import type { Keypair } from '../identity/keypair.ts';
import type { Candidate } from './candidates.ts';

const HEAD = Buffer.from('{"events":[');
const COMMA = Buffer.from(',');

/** What an import is made of, but for its time and signature: those are of the moment when it goes out. */
export interface ImportContent {
  /** Opening and events, the latter byte for byte. */
  readonly parts: readonly Buffer[];
  /** All IDs, one behind the other, as the server reads them. */
  readonly ids: string;
}

export function importContent(events: readonly Pick<Candidate, 'id' | 'bytes'>[]): ImportContent {
  return {
    parts: [HEAD, ...events.flatMap(({ bytes }, at) => (at === 0 ? [bytes] : [COMMA, bytes]))],
    ids: events.map(({ id }) => id).join(''),
  };
}

/**
 * The body of an import: `sig` signs the 32 bytes of SHA256 over `{unix s}:` and all IDs. It covers nothing but the IDs.
 * Source: specification, "Import".
 */
export function sealImport({ parts, ids }: ImportContent, unixSeconds: number, keypair: Keypair): Buffer {
  const signature = keypair.sign(hash('sha256', `${unixSeconds}:${ids}`, 'buffer'));
  return Buffer.concat([...parts, Buffer.from(`],"ts":${unixSeconds},"sig":"${signature}"}`)]);
}
