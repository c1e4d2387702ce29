import { MeshBackupError } from '../errors.ts';
import type { PublicKey } from '../identity/keypair.ts';
import type { HttpAnswer, PeerHttp } from '../mesh/http.ts';
import { endpoint } from '../mesh/ping.ts';
import { signRequest, toHttpHeaders, type Requester } from '../mesh/request-signing.ts';
import { parseSyncAnswer, type SyncAnswer } from './answer.ts';
import { refusal } from './refusal.ts';
import { verifySyncAnswer } from './verify-answer.ts';

export interface SyncClientOptions {
  readonly http: PeerHttp;
  readonly url: URL;
  readonly requester: Requester;
  /** Answers must be signed by it. `undefined`: nobody knows the peer's key, answers are taken unproven. */
  readonly key: PublicKey | undefined;
  /** Take unsigned and falsely signed answers, too. */
  readonly acceptUnsigned: boolean;
  readonly maxPageBytes: number;
  /** Without a byte for so long a request ends: until the peer's first answer, and after it. */
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** What page mode is asked for. */
export interface PageRequest {
  /** Events with `ts` strictly greater. */
  readonly cursor: bigint;
  readonly pageSize: number;
  /** `undefined`: all. */
  readonly services: readonly string[] | undefined;
}

/** Sends signed `POST /events/sync` requests to one peer, one at a time, and checks what comes back. */
export class SyncClient {
  readonly #options: SyncClientOptions;
  #hasAnswered = false;
  requests = 0;
  bytes = 0;
  /** An answer was taken although its signature is missing or false. */
  tookUnsigned = false;

  constructor(options: SyncClientOptions) {
    this.#options = options;
  }

  /**
   * Fetches one page. Throws what `PeerHttp.send` throws, the refusals of `refusal`, and `PEER_REDIRECT`,
   * `PEER_STATUS`, `PEER_CONTENT_TYPE`, `PEER_CONTENT_ENCODING`, `PEER_UNSIGNED`, `PEER_SIGNATURE`.
   * A signed body that breaks off is returned with `broken` set, an unsigned one is too.
   */
  async fetchPage({ cursor, pageSize, services }: PageRequest): Promise<SyncAnswer> {
    const { http, url, requester, signal, now, maxPageBytes, firstByteTimeoutMs, idleTimeoutMs } =
      this.#options;
    const target = endpoint(url, '/events/sync');
    const body = JSON.stringify({
      from: requester.name,
      services: services ?? null,
      subjects: null,
      mode: 'page',
      page_size: pageSize,
      cursor: cursor.toString(),
    });
    this.requests++;
    const answer = await http.send({
      method: 'POST',
      url: target,
      headers: {
        'content-type': 'application/json',
        ...toHttpHeaders(signRequest(requester, 'POST', '/events/sync', now())),
      },
      body,
      maxBytes: maxPageBytes,
      idleTimeoutMs: this.#hasAnswered ? idleTimeoutMs : firstByteTimeoutMs,
      signal,
    });
    this.#hasAnswered = true;
    this.bytes += answer.body.length;
    assertUsable(answer);
    const page = parseSyncAnswer(answer.body);
    this.#assertSigned(answer, page);
    return page;
  }

  #assertSigned(answer: HttpAnswer, page: SyncAnswer): void {
    const { key, acceptUnsigned } = this.#options;
    if (key === undefined) return;
    const verdict = verifySyncAnswer(answer.headers, answer.body, page, key);
    if (verdict === 'signed') return;
    if (acceptUnsigned) {
      this.tookUnsigned = true;
      return;
    }
    const hint = 'With --accept-unsigned-peers its events are taken all the same, on their own proof.';
    if (verdict === 'absent')
      throw new MeshBackupError('PEER_UNSIGNED', 'the answer bears no signature', { hint });
    throw new MeshBackupError('PEER_SIGNATURE', "the answer's signature does not fit the peer's key", {
      hint,
    });
  }
}

/** Throws unless the answer is one that holds events: status 200, JSON, as it is. */
function assertUsable({ status, headers, body }: HttpAnswer): void {
  if (status === 401 || status === 403) throw refusal(status, body);
  if (status >= 300 && status < 400) {
    throw new MeshBackupError('PEER_REDIRECT', `HTTP ${status} to ${headers.location ?? 'nowhere'}`, {
      hint: 'Redirects are not followed: what is signed for one place must not go to another.',
    });
  }
  if (status !== 200) {
    const text = body.toString('utf8', 0, 200).trim();
    throw new MeshBackupError('PEER_STATUS', `HTTP ${status}${text === '' ? '' : `: ${text}`}`, {
      retryable: status === 429 || status >= 500,
    });
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new MeshBackupError('PEER_CONTENT_ENCODING', `content encoding ${encoding}, asked for identity`);
  }
  const type = headers['content-type'] ?? 'none';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new MeshBackupError('PEER_CONTENT_TYPE', `content type ${type}, want application/json`);
  }
}
