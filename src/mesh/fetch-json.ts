import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

/** Sends a request with the caller's own time-out and signal. */
export type Send = (request: Pick<HttpRequest, 'method' | 'path' | 'maxBytes'>) => Promise<HttpAnswer>;

/**
 * Asks for a small document: `undefined` for an answer that is no 200, no JSON or longer than `maxBytes`.
 * Throws what `send` throws when there is no answer at all, and `PEER_STATUS` for a peer that is too busy just now.
 */
export async function fetchJson(send: Send, path: string, maxBytes: number): Promise<unknown> {
  const answer = await ask(send, path, maxBytes);
  if (answer !== undefined && (answer.status === 429 || answer.status >= 500)) {
    throw new MeshBackupError('PEER_STATUS', `HTTP ${answer.status} to ${path}`, { retryable: true });
  }
  return answer?.status === 200 ? parseJson(answer.body.toString('utf8')) : undefined;
}

async function ask(send: Send, path: string, maxBytes: number): Promise<HttpAnswer | undefined> {
  try {
    return await send({ method: 'GET', path, maxBytes });
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'PEER_TOO_LARGE') return undefined;
    throw error;
  }
}
