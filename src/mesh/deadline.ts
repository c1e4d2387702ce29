/** The longest that Node's timers can wait; what is longer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A signal that aborts as another one does, and by itself when its time is over. Made of a plain timer: those of undici
 * are up to a second late, and `AbortSignal.any` leaves something behind on the outer signal for each request.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal;
  readonly #follow = (): void => {
    this.#controller.abort(this.#outer.reason);
  };

  /** `makeReason` is asked when the time is over. */
  constructor(outer: AbortSignal, timeoutMs: number, makeReason: () => Error) {
    this.#outer = outer;
    if (outer.aborted) this.#follow();
    outer.addEventListener('abort', this.#follow, { once: true });
    this.#timer = setTimeout(
      () => {
        this.#controller.abort(makeReason());
      },
      Math.min(timeoutMs, MAX_TIMER_MS),
    ).unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins the time again. */
  restart(): void {
    this.#timer.refresh();
  }

  /** To be called once nobody listens to the signal any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#follow);
  }
}
