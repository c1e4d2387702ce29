import { constants } from 'node:buffer';
import { MeshBackupError } from '../errors.ts';
import type { PublicKey } from '../identity/keypair.ts';
import type { HttpAnswer, PeerConnection } from '../mesh/http.ts';
import { signRequest, toHttpHeaders, type Requester } from '../mesh/request-signing.ts';
import { parseSyncAnswer, type SyncAnswer } from './answer.ts';
import { assertUsable } from './usable-answer.ts';
import { verifySyncAnswer, type AnswerVerdict } from './verify-answer.ts';

export interface SyncClientOptions {
  readonly connection: PeerConnection;
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
  /** Grows as requests go out and bytes of bodies come in. */
  readonly traffic: { requests: number; bytes: number };
}

/** What page mode is asked for. */
export interface PageRequest {
  /** Events with `ts` strictly greater. */
  readonly cursor: bigint;
  readonly pageSize: number;
  /** `undefined`: all. */
  readonly services: readonly string[] | undefined;
}

/** A page, and what its signature says; `verdict` is `undefined` where there is no key to hold it against. */
export interface Page {
  readonly answer: SyncAnswer;
  readonly verdict: AnswerVerdict | undefined;
}

const PATH = '/events/sync';
const IS_SIGNED = new Set(['whole', 'ids']);

/** Sends signed `POST /events/sync` requests to one peer, one at a time, and checks what comes back. */
export class SyncClient {
  readonly #options: SyncClientOptions;
  #hasAnswered = false;

  constructor(options: SyncClientOptions) {
    this.#options = options;
  }

  /**
   * Fetches one page. Throws what `PeerConnection.send` and `assertUsable` throw, `PEER_UNSIGNED`, `PEER_SIGNATURE`,
   * and `PEER_MALFORMED` for a body that breaks off and is not signed. One that breaks off and may be taken all the
   * same is returned with `broken` set.
   */
  async fetchPage(request: PageRequest): Promise<Page> {
    const http = await this.#post(request);
    assertUsable(http);
    const answer = parseSyncAnswer(http.body);
    return { answer, verdict: this.#judgeSignature(http, answer) };
  }

  async #post({ cursor, pageSize, services }: PageRequest): Promise<HttpAnswer> {
    const { connection, requester, traffic, ...options } = this.#options;
    const body = {
      from: requester.name,
      services: services ?? null,
      subjects: null,
      mode: 'page',
      page_size: pageSize,
      cursor: cursor.toString(),
    };
    const signed = signRequest(requester, 'POST', PATH, options.now());
    traffic.requests++;
    const answer = await connection.send({
      method: 'POST',
      path: PATH,
      headers: { 'content-type': 'application/json', ...toHttpHeaders(signed) },
      body: JSON.stringify(body),
      // The scanner reads a body as one string.
      maxBytes: Math.min(options.maxPageBytes, constants.MAX_STRING_LENGTH),
      idleTimeoutMs: this.#hasAnswered ? options.idleTimeoutMs : options.firstByteTimeoutMs,
      signal: options.signal,
      onBytes: (count) => (traffic.bytes += count),
    });
    this.#hasAnswered = true;
    return answer;
  }

  #judgeSignature({ headers, body }: HttpAnswer, answer: SyncAnswer): AnswerVerdict | undefined {
    const { key, acceptUnsigned } = this.#options;
    if (key === undefined) return undefined;
    const verdict = verifySyncAnswer(headers, body, answer, key);
    if (IS_SIGNED.has(verdict.signature) || acceptUnsigned) return verdict;
    if (answer.broken !== undefined) {
      throw new MeshBackupError('PEER_MALFORMED', `${answer.broken}, and it is not signed`);
    }
    const hint = 'With --accept-unsigned-peers its events are taken all the same, on their own proof.';
    throw verdict.signature === 'absent'
      ? new MeshBackupError('PEER_UNSIGNED', 'the answer bears no signature', { hint })
      : new MeshBackupError('PEER_SIGNATURE', "the answer's signature does not fit the peer's key", { hint });
  }
}
