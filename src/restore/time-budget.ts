import { MeshBackupError } from '../errors.ts';

/** Without progress for so long a restore that was given no time ends. */
const STALL_MS = 5 * 60_000;

/**
 * The time that a restore may take: as the user says, or as long as it gets on. It stands still while we wait on purpose
 * (for a young target, for a later look), and, without a bound by the user, while a batch is tried for the first time.
 */
export class TimeBudget {
  readonly #controller = new AbortController();
  readonly #wholeMs: number | undefined;
  #leftMs: number;
  #sinceMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(wholeMs: number | undefined) {
    this.#wholeMs = wholeMs;
    this.#leftMs = wholeMs ?? STALL_MS;
    this.#start();
  }

  /** Aborts with `RESTORE_TIMEOUT`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something got on. */
  progressed(): void {
    if (this.#wholeMs !== undefined) return;
    this.#stop();
    this.#leftMs = STALL_MS;
    this.#start();
  }

  /** Does something whose time does not count. */
  async standingStill<T>(job: () => Promise<T>): Promise<T> {
    this.#stop();
    try {
      return await job();
    } finally {
      this.#start();
    }
  }

  /** Does something that has a time-out of its own: it counts only where the user bounds the whole. */
  async trusting<T>(job: () => Promise<T>): Promise<T> {
    return this.#wholeMs === undefined ? this.standingStill(job) : job();
  }

  end(): void {
    this.#stop();
  }

  #start(): void {
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(() => {
      this.#controller.abort(this.#timeOver());
    }, this.#leftMs).unref();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#sinceMs));
  }

  #timeOver(): MeshBackupError {
    const within =
      this.#wholeMs === undefined ? `for ${STALL_MS / 60_000} minutes` : `within ${this.#wholeMs / 1000} s`;
    const what = this.#wholeMs === undefined ? 'nothing got on' : 'the restore was not done';
    return new MeshBackupError('RESTORE_TIMEOUT', `${what} ${within}`, {
      hint: 'Run it again: it looks first and goes on where it was. -timeout gives it another time.',
      retryable: true,
    });
  }
}
