import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { MeshBackupError } from '../errors.ts';
import type { Keypair, PublicKey } from '../identity/keypair.ts';

/** The nara in whose name requests are signed. */
export interface Requester {
  readonly name: string;
  readonly keypair: Keypair;
}

/** Headers of a mesh message, as sent or as received (lower-case names). */
export interface MeshHeaders {
  readonly 'x-nara-name': string;
  /** Unix milliseconds, decimal. */
  readonly 'x-nara-timestamp': string;
  readonly 'x-nara-signature': string;
}

/**
 * Signs a request: `{name}{unix ms}{METHOD}{path}`, the path without its query. Neither body nor query is covered.
 * The path is the nara's own, whatever a proxy puts before it. A receiver allows 30 seconds of clock difference.
 * Source: specification, "Mesh HTTP".
 */
export function signRequest(requester: Requester, method: string, path: string, unixMs: number): MeshHeaders {
  const timestamp = unixMs.toString();
  return {
    'x-nara-name': requester.name,
    'x-nara-timestamp': timestamp,
    'x-nara-signature': requester.keypair.sign(Buffer.from(requester.name + timestamp + method + path)),
  };
}

/** HTTP carries header values one byte a character; a name is UTF-8. Throws `USAGE` for a name that no header carries. */
export function toHttpHeaders(headers: MeshHeaders): Record<string, string> {
  const name = Buffer.from(headers['x-nara-name'], 'utf8').toString('latin1');
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(name)) {
    throw new MeshBackupError('USAGE', 'the name has a control character, which no HTTP header can carry');
  }
  return { ...headers, 'x-nara-name': name };
}

const HEADER_NAMES = ['x-nara-name', 'x-nara-timestamp', 'x-nara-signature'] as const;

/** The mesh headers of an answer; `absent` is none of the three, `damaged` not all of them, or one twice. */
export function parseMeshHeaders(headers: IncomingHttpHeaders): MeshHeaders | 'absent' | 'damaged' {
  const [name, timestamp, signature] = HEADER_NAMES.map((header) => headers[header]);
  if (typeof name === 'string' && typeof timestamp === 'string' && typeof signature === 'string') {
    return {
      'x-nara-name': Buffer.from(name, 'latin1').toString('utf8'),
      'x-nara-timestamp': timestamp,
      'x-nara-signature': signature,
    };
  }
  return HEADER_NAMES.some((header) => headers[header] !== undefined) ? 'damaged' : 'absent';
}

/** Whether the key made an answer's headers over this body: `{name}{timestamp}{base64(sha256(body))}`. */
export function verifyAnswer(headers: MeshHeaders, body: Buffer, key: PublicKey): boolean {
  const signed = headers['x-nara-name'] + headers['x-nara-timestamp'] + hash('sha256', body, 'base64');
  return key.verify(Buffer.from(signed), headers['x-nara-signature']);
}
