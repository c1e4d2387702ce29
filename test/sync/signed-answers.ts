import { readdirSync } from 'node:fs';
import { PublicKey } from '../../src/identity/keypair.ts';
import { readVectors } from '../fixtures.ts';

/** An answer of a real nara, or of its code, with its headers as an HTTP client gives them. */
export interface SignedAnswer {
  readonly name: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly key: PublicKey;
}

interface AuthVector {
  headers: Record<string, string>;
  body: string;
  public_key: string;
}
interface Recording {
  served_by: string;
  response: { status: number; rawHeaders: string[]; body: string };
}

const { sync_responses } = readVectors('mesh-auth.json') as { sync_responses: AuthVector[] };
const { peers } = readVectors('http/identities.json') as { peers: Record<string, { public_key: string }> };

const ofVectors = sync_responses.map(({ headers, body, public_key }, at) =>
  answer(`mesh-auth ${at}`, 200, Object.entries(headers), body, public_key),
);

const ofRecordings = readdirSync(new URL('../../fixtures/vectors/http/', import.meta.url))
  .filter((file) => file !== 'identities.json')
  .map((file): [string, Recording] => [file, readVectors(`http/${file}`) as Recording])
  .filter(([, { response }]) => response.rawHeaders.includes('X-Nara-Signature'))
  .map(([file, { served_by, response }]) => {
    const { status, rawHeaders, body } = response;
    const pairs = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [[name, rawHeaders[at + 1]!] as const] : [],
    );
    return answer(file, status, pairs, body, peers[served_by]!.public_key);
  });

export const signedAnswers: readonly SignedAnswer[] = [...ofVectors, ...ofRecordings];

function answer(
  name: string,
  status: number,
  headers: readonly (readonly [string, string])[],
  body: string,
  key: string,
): SignedAnswer {
  const lower = headers.map(([header, value]) => [header.toLowerCase(), value]);
  return {
    name,
    status,
    headers: Object.fromEntries(lower) as Record<string, string>,
    body,
    key: PublicKey.parse(key)!,
  };
}
