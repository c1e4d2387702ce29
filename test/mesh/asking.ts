import type { LookupFunction } from 'node:net';
import { onTestFinished } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import {
  PeerHttp,
  type HttpAnswer,
  type HttpRequest,
  type HttpSettings,
  type PeerConnection,
} from '../../src/mesh/http.ts';

/** A request that a test changes as it likes. */
export const REQUEST: HttpRequest = {
  method: 'GET',
  path: '/ping',
  maxBytes: 1000,
  idleTimeoutMs: 20_000,
  signal: new AbortController().signal,
};

/** A connection that is closed when the test is over. */
export function connect(url: string, settings: Partial<HttpSettings> = {}): PeerConnection {
  const http = new PeerHttp({ connectTimeoutMs: 20_000, ...settings });
  onTestFinished(() => http.close());
  return http.connect(new URL(url));
}

/** Async, so that what `connect` throws is a failure like the others. */
export async function ask(
  url: string,
  settings: Partial<HttpSettings> = {},
  request: Partial<HttpRequest> = {},
): Promise<HttpAnswer> {
  return connect(url, settings).send({ ...REQUEST, ...request });
}

/** What a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<MeshBackupError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof MeshBackupError) return error;
  throw error;
}

/** A resolver to which every name has these addresses. */
export function resolvingTo(...addresses: string[]): LookupFunction {
  return (_hostname, { all }, callback) => {
    const list = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    process.nextTick(() => {
      if (all === true) callback(null, list);
      else callback(null, list[0]!.address, list[0]!.family);
    });
  };
}

/** Has what a test started closed when it is over. */
export async function started<T extends { close: () => Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  onTestFinished(server.close);
  return server;
}
