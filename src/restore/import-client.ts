import { MeshBackupError } from '../errors.ts';
import type { Keypair } from '../identity/keypair.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { HttpAnswer, PeerConnection, PeerHttp } from '../mesh/http.ts';
import { redirectTarget } from '../mesh/redirect.ts';
import { noNara, readImportAnswer, type ImportOutcome } from './import-answer.ts';
import { importContent, sealImport, type ImportContent } from './import-body.ts';
import type { TargetClock } from './target-clock.ts';

export interface ImportClientOptions {
  readonly http: PeerHttp;
  readonly url: URL;
  readonly keypair: Keypair;
  readonly clock: TargetClock;
  /** For one request, answer and all. */
  readonly requestTimeoutMs: number;
}

const PATH = '/api/events/import';
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REDIRECTS = 3;
/** There is nothing to do for the server. */
const PROBE_MS = 30_000;
const NOTHING = importContent([]);

/** Posts imports to one server, one at a time. */
export class ImportClient {
  readonly #options: ImportClientOptions;
  #connection: PeerConnection;
  /** Where the server is: redirects to elsewhere on the same host change it. */
  url: URL;

  constructor(options: ImportClientOptions) {
    this.#options = options;
    this.url = options.url;
    this.#connection = options.http.connect(options.url);
  }

  /**
   * Signs and sends, now. No answer is an outcome, too. Throws the signal's reason, and what is a mistake of ours or of
   * the command line (`PLAIN_HTTP`, `PEER_TLS`).
   */
  post(content: ImportContent, signal: AbortSignal): Promise<ImportOutcome> {
    return this.#post(content, this.#options.requestTimeoutMs, signal);
  }

  /** An import of nothing, which changes nothing: it proves soul and clock. Throws as `post` does. */
  probe(signal: AbortSignal): Promise<ImportOutcome> {
    return this.#post(NOTHING, Math.min(PROBE_MS, this.#options.requestTimeoutMs), signal);
  }

  async #post(content: ImportContent, timeoutMs: number, signal: AbortSignal): Promise<ImportOutcome> {
    try {
      const answer = await this.#send(content, timeoutMs, signal);
      return readImportAnswer(answer, Date.now());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MeshBackupError && error.retryable) return { kind: 'broken', error };
      if (isNoNara(error)) return { kind: 'no-nara', error: noNara(error.message) };
      throw error;
    }
  }

  /** As `probe`, following redirects to elsewhere on the same host. Throws as `post` does, and `TARGET_REFUSED`. */
  async find(signal: AbortSignal): Promise<ImportOutcome> {
    for (let redirects = 0; ; redirects++) {
      const outcome = await this.probe(signal);
      if (outcome.kind !== 'moved') return outcome;
      if (redirects === MAX_REDIRECTS) throw notFollowed(`${MAX_REDIRECTS} redirects, one after another`);
      this.url = follow(this.url, outcome.answer);
      await this.#connection.close();
      this.#connection = this.#options.http.connect(this.url);
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #send(content: ImportContent, timeoutMs: number, signal: AbortSignal): Promise<HttpAnswer> {
    const { clock, keypair } = this.#options;
    const deadline = new Deadline(signal, timeoutMs, () => {
      const message = `no answer within ${timeoutMs / 1000} s`;
      return new MeshBackupError('PEER_SILENT', message, { retryable: true });
    });
    try {
      return await this.#connection.send({
        method: 'POST',
        path: PATH,
        headers: { 'content-type': 'application/json' },
        body: sealImport(content, clock.unixSeconds, keypair),
        maxBytes: MAX_ANSWER_BYTES,
        idleTimeoutMs: timeoutMs,
        signal: deadline.signal,
      });
    } finally {
      deadline.end();
    }
  }
}

function follow(url: URL, answer: HttpAnswer): URL {
  try {
    return redirectTarget(url, PATH, answer);
  } catch (error) {
    throw error instanceof MeshBackupError ? notFollowed(error.message, error.hint) : error;
  }
}

function notFollowed(what: string, hint?: string): MeshBackupError {
  const message = `The target answers with a redirect that is not followed: ${what}`;
  return new MeshBackupError('TARGET_REFUSED', message, hint === undefined ? {} : { hint });
}

/** Something answers, but nothing that a nara says. */
function isNoNara(error: unknown): error is MeshBackupError {
  return error instanceof MeshBackupError && ['PEER_MALFORMED', 'PEER_TOO_LARGE'].includes(error.code);
}
