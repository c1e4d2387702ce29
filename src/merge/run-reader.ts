import type { EventView } from '../event/event-view.ts';
import type { Run, RunOrigin } from './run.ts';

/** Reads a run event by event; waits only between batches. */
export class RunReader {
  readonly origin: RunOrigin;
  readonly #batches: AsyncIterator<readonly EventView[]>;
  #batch: readonly EventView[] = [];
  #at = 0;

  constructor(run: Run) {
    this.origin = run.origin;
    this.#batches = run.open()[Symbol.asyncIterator]();
  }

  /** The event to be read next, `undefined` where a batch is used up: then `refill`. */
  get current(): EventView | undefined {
    return this.#batch[this.#at];
  }

  advance(): void {
    this.#at++;
  }

  /** Fetches the next batch; false at the run's end. */
  async refill(): Promise<boolean> {
    do {
      const next = await this.#batches.next();
      if (next.done === true) return false;
      this.#batch = next.value;
      this.#at = 0;
    } while (this.#batch.length === 0);
    return true;
  }

  /** Closes the run's source, read to its end or not. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }
}
