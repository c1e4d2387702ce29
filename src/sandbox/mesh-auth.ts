import { hash } from 'node:crypto';
import { decodeBase64 } from '../identity/base64.ts';
import { PublicKey } from '../identity/keypair.ts';
import { formatGoDuration } from './go-duration.ts';
import { isInt64 } from './sync-request.ts';

const CLOCK_TOLERANCE_NS = 30_000_000_000n;
const MS_NS = 1_000_000n;

/** What of a request its signature covers or names; header values are '' when missing. */
export interface SignedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly name: string;
  /** Unix milliseconds as text. */
  readonly timestamp: string;
  readonly signature: string;
}

export interface Doorkeeper {
  /** Unix nanoseconds. */
  readonly clock: () => bigint;
  /** The Base64 public key of a name, asked for at most once; it may take its time. */
  readonly findKey: (name: string) => Promise<string | undefined>;
}

/**
 * Why the request is refused with a 401, `undefined` when it is welcome. Checked in the order of real naras: headers,
 * time, key, Base64, signature; the time again after the key, because finding it can take longer than the tolerance.
 */
export async function findAuthFault(request: SignedRequest, keeper: Doorkeeper): Promise<string | undefined> {
  const { name, timestamp, signature } = request;
  if (name === '' || timestamp === '' || signature === '') return 'missing auth headers';
  if (!/^[+-]?\d+$/.test(timestamp) || !isInt64(BigInt(timestamp.replace('+', ''))))
    return 'invalid timestamp';
  const late = (): string | undefined => {
    const ageNs = keeper.clock() - BigInt(timestamp.replace('+', '')) * MS_NS;
    const isOff = ageNs > CLOCK_TOLERANCE_NS || ageNs < -CLOCK_TOLERANCE_NS;
    return isOff ? `timestamp too old or in future: ${formatGoDuration(ageNs)}` : undefined;
  };
  const atOnce = late();
  if (atOnce !== undefined) return atOnce;
  const key = await keeper.findKey(name);
  if (key === undefined) return `unknown sender: ${name}`;
  const afterwards = late();
  if (afterwards !== undefined) return afterwards;
  if (decodeBase64(signature) === undefined) return 'invalid signature encoding';
  const message = Buffer.from(`${name}${timestamp}${request.method}${request.path}`);
  return PublicKey.parse(key)?.verify(message, signature) ? undefined : 'signature verification failed';
}

/** The three headers of a signed answer, in the order in which they are sent. */
export function signAnswer(
  answer: { name: string; nowNs: bigint; body: Uint8Array },
  sign: (message: Uint8Array) => string,
): [string, string][] {
  const timestamp = String(answer.nowNs / MS_NS);
  const digest = hash('sha256', answer.body, 'base64');
  return [
    ['X-Nara-Name', answer.name],
    ['X-Nara-Signature', sign(Buffer.from(`${answer.name}${timestamp}${digest}`))],
    ['X-Nara-Timestamp', timestamp],
  ];
}
