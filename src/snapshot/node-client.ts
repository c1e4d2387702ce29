import { MeshBackupError } from '../errors.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { HttpAnswer, PeerConnection, PeerHttp } from '../mesh/http.ts';
import { pause } from '../mesh/pause.ts';
import { hostOf } from '../mesh/url-parts.ts';
import { backoffMs } from '../sync/backoff.ts';
import { judgeStatus, notOfNode } from './node-refusal.ts';

export interface NodeClientOptions {
  readonly http: PeerHttp;
  readonly url: URL;
  /** `undefined`: a node that asks nobody for one. */
  readonly apiKey: string | undefined;
  /** For one request, answer and all. */
  readonly requestTimeoutMs: number;
  /** Of one answer. */
  readonly maxAnswerBytes: number;
  /** Of all answers. */
  readonly maxTotalBytes: number;
  readonly signal: AbortSignal;
  /** How long it waits before it asks again, longer each time. Default 500. */
  readonly firstRetryMs?: number;
}

/** Nothing that is asked here changes the node, so each may be asked again. */
const RETRY = { maxTries: 4, firstDelayMs: 500, maxDelayMs: 5_000 };
/** Of a node that starts, of one with too much to do, and of proxies before either. */
const PASSING = new Set([429, 502, 503, 504]);

/**
 * Asks a Stigmem node, one request at a time; the key goes nowhere else, so redirects are not followed. Everything throws
 * the signal's reason, `NODE_REFUSED`, `NODE_ANSWER`, `TARGET_BUSY`, `TARGET_CUT`, `PLAIN_HTTP`, `PROXY_REFUSED`,
 * `PEER_UNREACHABLE`, `PEER_TLS`, `PEER_SILENT`.
 */
export class NodeClient {
  readonly #options: NodeClientOptions;
  readonly #connection: PeerConnection;
  #totalBytes = 0;

  constructor(options: NodeClientOptions) {
    this.#options = options;
    try {
      this.#connection = options.http.connect(options.url);
    } catch (error) {
      throw named(error, options.url);
    }
  }

  /** What `parse` makes of the body of an answer with status 200; the body is good until the next request. */
  async get<T>(path: string, parse: (body: Buffer) => T | undefined): Promise<T> {
    const answer = await this.#askPatiently(path);
    this.#totalBytes += answer.body.length;
    judgeStatus(answer, path, this.#options.apiKey);
    const { maxTotalBytes } = this.#options;
    if (this.#totalBytes > maxTotalBytes) throw notOfNode(`more than ${maxTotalBytes} bytes in all`);
    const parsed = parse(answer.body);
    if (parsed === undefined) throw notOfNode(`what is not the JSON of ${pathOnly(path)}`);
    return parsed;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Asks again what may do better in a moment. */
  async #askPatiently(path: string): Promise<HttpAnswer> {
    const { firstRetryMs: firstDelayMs = RETRY.firstDelayMs, signal } = this.#options;
    for (let tries = 1; ; tries++) {
      const isLast = tries === RETRY.maxTries;
      try {
        const answer = await this.#send(path);
        if (!PASSING.has(answer.status)) return answer;
        if (isLast) throw busy(answer.status);
      } catch (error) {
        if (!(error instanceof MeshBackupError) || error.code !== 'PEER_CUT') throw error;
        if (isLast) throw broken(error);
      }
      await pause(backoffMs({ ...RETRY, firstDelayMs }, tries), signal);
    }
  }

  async #send(path: string): Promise<HttpAnswer> {
    const { requestTimeoutMs: timeoutMs, maxAnswerBytes: maxBytes, apiKey, signal, url } = this.#options;
    const deadline = new Deadline(signal, timeoutMs, () => {
      const message = `The node gave no whole answer within ${timeoutMs / 1000} s.`;
      return new MeshBackupError('PEER_SILENT', message, { hint: LONGER, retryable: true });
    });
    const headers = {
      accept: 'application/json',
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    };
    const request = { method: 'GET', path, headers, maxBytes, idleTimeoutMs: timeoutMs } as const;
    try {
      return await this.#connection.send({ ...request, signal: deadline.signal });
    } catch (error) {
      throw named(error, url);
    } finally {
      deadline.end();
    }
  }
}

const LONGER = 'Allow it more time (--request-timeout) or ask for smaller pages (--limit).';

function pathOnly(path: string): string {
  return path.replace(/\?.*/s, '');
}

function named(error: unknown, url: URL): unknown {
  if (!(error instanceof MeshBackupError)) return error;
  if (error.code === 'PLAIN_HTTP') return plainHttp(hostOf(url));
  if (error.code === 'PEER_TOO_LARGE') return notOfNode(error.message, 'Ask for smaller pages (--limit).');
  return error.code === 'PEER_MALFORMED' ? notOfNode(error.message) : error;
}

function busy(status: number): MeshBackupError {
  return new MeshBackupError('TARGET_BUSY', `The node, or a proxy before it, is not ready: HTTP ${status}`, {
    hint: 'Try again in a moment.',
    retryable: true,
  });
}

function broken(cause: MeshBackupError): MeshBackupError {
  return new MeshBackupError('TARGET_CUT', `The connection to the node broke: ${cause.message}`, {
    hint: 'Does the node run, and stay up? Try again.',
    retryable: true,
    cause,
  });
}

function plainHttp(host: string): MeshBackupError {
  return new MeshBackupError(
    'PLAIN_HTTP',
    `No plain http to ${host}: nothing says that it is on a private network, and whoever listens on the way could ` +
      'read the key and the facts.',
    { hint: 'Use https://, or --insecure-http where nobody can listen.' },
  );
}
