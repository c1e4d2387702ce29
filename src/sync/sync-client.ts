import { constants } from 'node:buffer';
import { MeshBackupError } from '../errors.ts';
import type { PublicKey } from '../identity/keypair.ts';
import type { HttpAnswer } from '../mesh/http.ts';
import { parseMeshHeaders, signRequest, toHttpHeaders } from '../mesh/request-signing.ts';
import { noteSignature } from './acquaintance.ts';
import { parseSyncAnswer, type SyncAnswer } from './answer.ts';
import type { PeerSession } from './peer-session.ts';
import { assertUsable, isUnknownSender } from './usable-answer.ts';
import { verifySyncAnswer, type AnswerVerdict } from './verify-answer.ts';
import type { SyncOptions } from './walk-options.ts';
import { warn, type WalkReport } from './walk-report.ts';

/** Which events are asked for; filters are exact, and an absent one passes all. */
export interface EventScope {
  readonly services?: readonly string[] | undefined;
  /** Names as actor or target. */
  readonly subjects?: readonly string[] | undefined;
}

/** What page mode is asked for. */
export interface PageRequest extends EventScope {
  /** Events with `ts` strictly greater. */
  readonly cursor: bigint;
  readonly pageSize: number;
}

/** What every server is asked for, old ones too: each `total`th event from number `index` on. */
export interface SliceRequest extends EventScope {
  /** Events with `ts` strictly greater. */
  readonly cursor: bigint;
  readonly index: number;
  readonly total: number;
}

const PATH = '/events/sync';
const INTRODUCED = 'was told who we are, for the first time: within minutes it deletes its events about us';
const IS_SIGNED = new Set(['whole', 'ids']);
/** What a current server gives at once; an old one takes its own bound for more than that. */
const MOST_EVENTS = 5000;

/** Sends signed `POST /events/sync` requests to one peer, one at a time, and checks what comes back. */
export class SyncClient {
  readonly #session: PeerSession;
  readonly #options: SyncOptions;
  readonly #report: WalkReport;
  /** Answers must be signed by it. `undefined`: nobody knows the peer's key, answers are taken unproven. */
  readonly #key: PublicKey | undefined;
  #hasTaken = false;
  /** Until then an answer may take as long as the peer's look for our key. */
  #isKnown = false;
  #isIntroduced = false;

  constructor(session: PeerSession, options: SyncOptions, report: WalkReport, key: PublicKey | undefined) {
    this.#session = session;
    this.#options = options;
    this.#report = report;
    this.#key = key;
  }

  /**
   * Fetches one page; what fails for now is tried again. Throws what `PeerSession.send` and `assertUsable` throw,
   * `PEER_UNSIGNED`, `PEER_SIGNATURE`, and `PEER_MALFORMED` for a body that breaks off and is not signed. One that
   * breaks off and may be taken all the same is returned with `broken` set.
   */
  async fetchPage({ cursor, pageSize, ...scope }: PageRequest): Promise<SyncAnswer> {
    return this.#fetch(scope, `"mode":"page","page_size":${pageSize},"cursor":"${cursor}"`);
  }

  /** Fetches one slice in the manner of old servers; throws as `fetchPage` does, and `PEER_MALFORMED` for a broken one. */
  async fetchSlice({ cursor, index, total, ...scope }: SliceRequest): Promise<SyncAnswer> {
    const slice = `"slice_index":${index},"slice_total":${total},"max_events":${MOST_EVENTS}`;
    const answer = await this.#fetch(scope, `"since_time":${cursor},${slice}`);
    if (answer.broken !== undefined) throw new MeshBackupError('PEER_MALFORMED', answer.broken);
    return answer;
  }

  /** `mode` is JSON by hand: times do not fit a number of JavaScript. */
  async #fetch({ services, subjects }: EventScope, mode: string): Promise<SyncAnswer> {
    const from = JSON.stringify(this.#options.requester.name);
    const scope = `"services":${JSON.stringify(services ?? null)},"subjects":${JSON.stringify(subjects ?? null)}`;
    const body = `{"from":${from},${scope},${mode}}`;
    const { answer, verdict } = await this.#session.retrying(() => this.#attempt(body));
    noteSignature(this.#report, verdict, !this.#hasTaken);
    this.#hasTaken = true;
    return answer;
  }

  async #attempt(body: string): Promise<{ answer: SyncAnswer; verdict: AnswerVerdict | undefined }> {
    const http = await this.#ask(body);
    assertUsable(http, this.#options.now());
    const answer = parseSyncAnswer(http.body, this.#options.memo);
    const verdict = this.#judgeSignature(http, answer);
    if (verdict?.signature === 'whole') this.#tell(http, answer, body);
    return { answer, verdict };
  }

  #tell({ headers, body }: HttpAnswer, answer: SyncAnswer, request: string): void {
    const signed = parseMeshHeaders(headers);
    if (this.#key === undefined || typeof signed === 'string') return;
    this.#options.onAnswer?.({ key: this.#key, headers: signed, body, answer, request });
  }

  async #ask(body: string): Promise<HttpAnswer> {
    const answer = await this.#post(body);
    if (answer.status !== 401) return answer;
    const { introduce } = this.#options;
    // A peer that had to ask around for our key may find the request too old, and knows us by now.
    if (introduce === undefined || this.#isIntroduced || !isUnknownSender(answer)) return this.#post(body);
    this.#isIntroduced = true;
    const onTold = (): void => {
      warn(this.#report, INTRODUCED);
      this.#session.startClock(); // what it holds about us is gone soon: now or never
    };
    return introduce(async () => {
      const first = await this.#post(body);
      return first.status === 401 ? this.#post(body) : first;
    }, onTold);
  }

  async #post(body: string): Promise<HttpAnswer> {
    const { requester, now, maxPageBytes, idleTimeoutMs, firstByteTimeoutMs } = this.#options;
    const signed = signRequest(requester, 'POST', PATH, now());
    const request = {
      method: 'POST',
      path: PATH,
      headers: { 'content-type': 'application/json', ...toHttpHeaders(signed) },
      body,
      // A field may be nearly all of a body, and becomes one string.
      maxBytes: Math.min(maxPageBytes, constants.MAX_STRING_LENGTH),
      idleTimeoutMs: this.#isKnown ? idleTimeoutMs : firstByteTimeoutMs,
    } as const;
    const answer = await this.#session.send(request, this.#report);
    this.#session.hasAnswered = true;
    this.#isKnown ||= answer.status !== 401;
    return answer;
  }

  #judgeSignature({ headers, body }: HttpAnswer, answer: SyncAnswer): AnswerVerdict | undefined {
    if (this.#key === undefined) return undefined;
    const verdict = verifySyncAnswer(headers, body, answer, this.#key);
    if (IS_SIGNED.has(verdict.signature) || this.#options.acceptUnsigned) return verdict;
    if (answer.broken !== undefined) {
      throw new MeshBackupError('PEER_MALFORMED', `${answer.broken}, and it is not signed`);
    }
    const hint = 'With --accept-unsigned-peers its events are taken all the same, on their own proof.';
    throw verdict.signature === 'absent'
      ? new MeshBackupError('PEER_UNSIGNED', 'the answer bears no signature', { hint })
      : new MeshBackupError('PEER_SIGNATURE', "the answer's signature does not fit the peer's key", { hint });
  }
}
