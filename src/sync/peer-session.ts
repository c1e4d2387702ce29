import { MeshBackupError } from '../errors.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { HttpAnswer, HttpRequest, PeerConnection } from '../mesh/http.ts';
import { pause } from '../mesh/pause.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { backoffMs, isTransient, parseRetryAfterMs } from './backoff.ts';
import type { SessionOptions } from './walk-options.ts';
import type { Traffic, WalkReport } from './walk-report.ts';

export type PeerRequest = Pick<
  HttpRequest,
  'method' | 'path' | 'headers' | 'body' | 'maxBytes' | 'idleTimeoutMs'
>;

/** One try: from the first request to the end of what can be had without waiting for the other peers. */
interface Try {
  readonly connection: PeerConnection;
  readonly deadline: Deadline;
  startedMs: number;
}

/**
 * All requests to one peer, one at a time, over one or more tries: its connection, its wall clock, which stands still
 * between tries, and the bounds of what it may give. Call `begin`, send, then `end`; for a second try again.
 */
export class PeerSession {
  readonly #peer: PeerAddress;
  readonly #options: SessionOptions;
  readonly #report: WalkReport;
  #try: Try | undefined;
  #spentMs = 0;
  #distinct = 0;
  #retryAfterMs: number | undefined;
  #isOver = false;
  /** Whether it ever answered a request that it had to authenticate, by whatever status. */
  hasAnswered = false;

  constructor(peer: PeerAddress, options: SessionOptions, report: WalkReport) {
    this.#peer = peer;
    this.#options = options;
    this.#report = report;
  }

  begin(): void {
    this.#try = {
      connection: this.#options.http.connect(this.#peer.url),
      deadline: new Deadline(this.#options.signal, this.timeLeftMs, () => this.#timeOver()),
      startedMs: performance.now(),
    };
  }

  async end(): Promise<void> {
    const ended = this.#try;
    if (ended === undefined) return;
    this.#spentMs += performance.now() - ended.startedMs;
    this.#try = undefined;
    ended.deadline.end();
    await ended.connection.close();
  }

  /** Begins the peer's time again. */
  startClock(): void {
    const running = this.#running();
    this.#spentMs = 0;
    running.startedMs = performance.now();
    running.deadline.restart();
  }

  get timeLeftMs(): number {
    if (this.#isOver) return 0;
    const runningMs = this.#try === undefined ? 0 : performance.now() - this.#try.startedMs;
    return Math.max(0, this.#options.timeoutMs - this.#spentMs - runningMs);
  }

  /** Whether another request makes sense: the time is not over and nobody stopped us. */
  get isOpen(): boolean {
    return this.timeLeftMs > 0 && !(this.#try?.deadline.signal ?? this.#options.signal).aborted;
  }

  /** Counts events that were not given before. */
  countDistinct(events: number): void {
    this.#distinct += events;
  }

  /**
   * Sends one request; `traffic` grows with it. Throws what `PeerConnection.send` throws, `PEER_ENDLESS` where the peer
   * has given more than it may, and the deadline's reason.
   */
  async send(request: PeerRequest, traffic: Pick<Traffic, 'requests' | 'bytes'>): Promise<HttpAnswer> {
    const { connection, deadline } = this.#running();
    const bytesLeft = this.#bytesLeft();
    if (this.#distinct > this.#options.maxPeerEvents) throw this.#endless();
    deadline.signal.throwIfAborted();
    traffic.requests++;
    try {
      const answer = await connection.send({
        ...request,
        maxBytes: Math.min(request.maxBytes, bytesLeft),
        signal: deadline.signal,
        onBytes: (count) => (traffic.bytes += count),
      });
      this.#retryAfterMs = parseRetryAfterMs(answer.headers['retry-after'], this.#options.now());
      return answer;
    } catch (error) {
      this.#retryAfterMs = undefined;
      const isTooLarge = error instanceof MeshBackupError && error.code === 'PEER_TOO_LARGE';
      throw isTooLarge && bytesLeft < request.maxBytes ? this.#endless() : error;
    }
  }

  /** Repeats what fails for now, with growing pauses, as far as the peer's time goes. Throws the last failure. */
  async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        const { retry } = this.#options;
        const waitMs = this.#retryAfterMs ?? backoffMs(retry, tries);
        const isWorthIt = tries < retry.maxTries && isTransient(error, this.hasAnswered);
        if (!isWorthIt || !this.isOpen || waitMs >= this.timeLeftMs) throw error;
        await pause(waitMs, this.#running().deadline.signal);
      }
    }
  }

  #running(): Try {
    if (this.#try === undefined) throw new Error('a session that has not begun');
    return this.#try;
  }

  #bytesLeft(): number {
    return this.#options.maxPeerBytes - this.#report.bytes - this.#report.checkpoints.bytes;
  }

  #endless(): MeshBackupError {
    const { maxPeerEvents, maxPeerBytes } = this.#options;
    const message = `gives more than ${maxPeerEvents} events or ${maxPeerBytes} bytes`;
    return new MeshBackupError('PEER_ENDLESS', message, {
      hint: 'No nara holds that much. If this one does: --max-peer-events, --max-peer-bytes.',
    });
  }

  /** The wall clock's end: `PEER_SILENT` where no byte of the ledger came, `PEER_TIMEOUT` where some did. */
  #timeOver(): MeshBackupError {
    // Timers can be early by the fraction of a millisecond.
    this.#isOver = true;
    const within = `within ${this.#options.timeoutMs / 1000} s`;
    return this.#report.bytes === 0
      ? new MeshBackupError('PEER_SILENT', `no answer ${within}`, { retryable: true })
      : new MeshBackupError('PEER_TIMEOUT', `not done ${within}`, {
          hint: 'Raise -timeout.',
          retryable: true,
        });
  }
}
