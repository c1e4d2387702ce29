import { z } from 'zod';
import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { HttpAnswer, HttpRequest, PeerConnection, PeerHttp } from '../mesh/http.ts';
import { pause } from '../mesh/pause.ts';
import { fetchPing, type PingAnswer } from '../mesh/ping.ts';
import { redirectTarget } from '../mesh/redirect.ts';
import { hostOf } from '../mesh/url-parts.ts';
import { backoffMs } from '../sync/backoff.ts';
import { MAX_HELD_BYTES } from './document.ts';
import { parseStashStatus, type StashStatus } from './stash-status.ts';

export interface StashClientOptions {
  readonly http: PeerHttp;
  readonly url: URL;
  /** For one request, answer and all. */
  readonly requestTimeoutMs: number;
  readonly signal: AbortSignal;
  /** How long it waits before it asks again, longer each time. Default 500. */
  readonly firstRetryMs?: number;
  /** Told where the server is, when a redirect says so. */
  readonly onRedirected?: (url: URL) => void;
}

/** What a nara says to an update or a recovery; an unreadable word of it is ''. */
export interface StashAnswer {
  readonly success: boolean;
  readonly message: string;
}

type Asked = Pick<HttpRequest, 'method' | 'path' | 'maxBytes'> & {
  readonly body?: Buffer;
  /** Instead of the client's own. */
  readonly signal?: AbortSignal | undefined;
};

/** The document, and all that is told beside it. */
const MAX_STATUS_BYTES = MAX_HELD_BYTES + 1024 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REDIRECTS = 3;
const MAX_SHOWN = 200;
/** A service that has just started is not ready; all requests here may be sent twice. */
const RETRY = { maxTries: 4, firstDelayMs: 500, maxDelayMs: 5_000 };
const StashSaid = z.object({ success: z.boolean(), message: z.string().catch('') });

/**
 * Asks one nara for its stash, one request at a time. Everything throws the signal's reason, `PLAIN_HTTP`,
 * `STASH_NOT_SERVED`, `STASH_TOO_LARGE`, `TARGET_BUSY`, `TARGET_CUT`, `TARGET_REFUSED`, and for a server that is not there
 * `PEER_UNREACHABLE`, `PEER_TLS`, `PEER_SILENT`. Source: specification, "Stash".
 */
export class StashClient {
  readonly #options: StashClientOptions;
  #connection: PeerConnection;
  /** Redirects to elsewhere on the same host change it. */
  #url: URL;

  constructor(options: StashClientOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#connection = this.#connect();
  }

  /** What the nara says of itself: no proof. */
  async ping(): Promise<PingAnswer> {
    try {
      return await fetchPing((request) => this.#askPatiently(request));
    } catch (error) {
      if (error instanceof MeshBackupError && error.code === 'PEER_STATUS') throw busy(error.message);
      throw error;
    }
  }

  /** `signal`: instead of the client's own. */
  async status(signal?: AbortSignal): Promise<StashStatus> {
    const path = '/api/stash/status';
    const answer = await this.#ask({ method: 'GET', path, maxBytes: MAX_STATUS_BYTES, signal });
    const status = parseStashStatus(answer.body);
    if (status === undefined) throw notServed('something that is no status of a stash');
    return status;
  }

  /** Hands the document over, byte for byte. `undefined`: the answer cannot be read. */
  async update(document: Buffer): Promise<StashAnswer | undefined> {
    return this.#post({ path: '/api/stash/update', body: document });
  }

  /** Has the nara ask its confidants. `undefined` as with `update`; `signal` as with `status`. */
  async recover(signal?: AbortSignal): Promise<StashAnswer | undefined> {
    return this.#post({ path: '/api/stash/recover', signal });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #post(what: Pick<Asked, 'path' | 'body' | 'signal'>): Promise<StashAnswer | undefined> {
    const answer = await this.#ask({ method: 'POST', maxBytes: MAX_ANSWER_BYTES, ...what });
    const said = StashSaid.safeParse(parseJson(answer.body.toString('utf8')));
    return said.success ? { ...said.data, message: said.data.message.slice(0, MAX_SHOWN) } : undefined;
  }

  /** An answer with status 200. */
  async #ask(request: Asked): Promise<HttpAnswer> {
    const answer = await this.#askPatiently(request).catch((error: unknown) => {
      if (!(error instanceof MeshBackupError) || error.code !== 'PEER_TOO_LARGE') throw error;
      throw request.method === 'GET' ? tooLarge(error) : notServed(error.message);
    });
    const { status } = answer;
    if (status === 200) return answer;
    const said = `HTTP ${status} ${wordsOf(answer)}`.trim();
    if (isPassing(status)) throw busy(said);
    if (status === 404 || status === 405) throw notServed(said);
    throw new MeshBackupError('TARGET_REFUSED', `The target refuses ${request.path}: ${said}`);
  }

  /** Asks again what may do better in a moment. */
  async #askPatiently(request: Asked): Promise<HttpAnswer> {
    for (let tries = 1; ; tries++) {
      const isLast = tries === RETRY.maxTries;
      try {
        const answer = await this.#follow(request);
        if (isLast || !isPassing(answer.status)) return answer;
      } catch (error) {
        if (!(error instanceof MeshBackupError) || error.code !== 'PEER_CUT') throw error;
        if (isLast) throw broken(error);
      }
      const { firstRetryMs: firstDelayMs = RETRY.firstDelayMs, signal } = this.#options;
      await pause(backoffMs({ ...RETRY, firstDelayMs }, tries), request.signal ?? signal);
    }
  }

  async #follow(request: Asked): Promise<HttpAnswer> {
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(request);
      if (answer.status < 300 || answer.status >= 400) return answer;
      if (redirects === MAX_REDIRECTS) throw notFollowed(`${MAX_REDIRECTS} redirects, one after another`);
      this.#url = follow(this.#url, request.path, answer);
      await this.#connection.close();
      this.#connection = this.#connect();
      this.#options.onRedirected?.(this.#url);
    }
  }

  async #send({ method, path, maxBytes, body, signal = this.#options.signal }: Asked): Promise<HttpAnswer> {
    const { requestTimeoutMs: timeoutMs } = this.#options;
    const deadline = new Deadline(signal, timeoutMs, () => {
      const message = `no answer within ${timeoutMs / 1000} s`;
      return new MeshBackupError('PEER_SILENT', message, { retryable: true });
    });
    try {
      return await this.#connection.send({
        method,
        path,
        maxBytes,
        ...(body && { body, headers: { 'content-type': 'application/json' } }),
        idleTimeoutMs: timeoutMs,
        signal: deadline.signal,
      });
    } catch (error) {
      throw this.#named(error);
    } finally {
      deadline.end();
    }
  }

  #connect(): PeerConnection {
    try {
      return this.#options.http.connect(this.#url);
    } catch (error) {
      throw this.#named(error);
    }
  }

  #named(error: unknown): unknown {
    if (!(error instanceof MeshBackupError)) return error;
    if (error.code === 'PLAIN_HTTP') return plainHttp(hostOf(this.#url));
    return error.code === 'PEER_MALFORMED' ? notServed(error.message) : error;
  }
}

function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}

/** What a server says in plain text, for people. */
function wordsOf({ headers, body }: HttpAnswer): string {
  const isText = headers['content-type']?.startsWith('text/plain') ?? false;
  return isText ? body.toString('utf8').trim().slice(0, MAX_SHOWN) : '';
}

function follow(url: URL, path: string, answer: HttpAnswer): URL {
  try {
    return redirectTarget(url, path, answer);
  } catch (error) {
    throw error instanceof MeshBackupError ? notFollowed(error.message, error.hint) : error;
  }
}

function notFollowed(what: string, hint?: string): MeshBackupError {
  const message = `The target answers with a redirect that is not followed: ${what}`;
  return new MeshBackupError('TARGET_REFUSED', message, hint === undefined ? {} : { hint });
}

function busy(said: string): MeshBackupError {
  return new MeshBackupError('TARGET_BUSY', `The target is not ready: ${said}`, {
    hint: 'A nara that has just started needs a moment: try again.',
    retryable: true,
  });
}

function broken(cause: MeshBackupError): MeshBackupError {
  return new MeshBackupError('TARGET_CUT', `The connection broke: ${cause.message}`, {
    hint: 'Does the nara run, and stay up? Try again.',
    retryable: true,
    cause,
  });
}

function tooLarge(cause: MeshBackupError): MeshBackupError {
  return new MeshBackupError(
    'STASH_TOO_LARGE',
    `The target answers with more than can be read: ${cause.message}`,
    {
      hint: 'No nara keeps so much for itself.',
      cause,
    },
  );
}

/** `said`: what it answered instead. */
export function notServed(said: string): MeshBackupError {
  return new MeshBackupError('STASH_NOT_SERVED', `What answers there keeps no stash: ${said}.`, {
    hint: "Is the URL right? A stash is served by a nara's web port (8080), not by its mesh port (7433).",
  });
}

/** These endpoints ask nobody who he is, and hide nothing. */
function plainHttp(host: string): MeshBackupError {
  return new MeshBackupError(
    'PLAIN_HTTP',
    `No plain http to ${host}: nothing says that it is on a private network, and whoever listens on the way could ` +
      'read the stash and replace it.',
    { hint: 'Use https://, or --insecure-http where nobody can listen.' },
  );
}
