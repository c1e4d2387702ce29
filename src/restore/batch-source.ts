import type { BatchSize } from './batch-size.ts';
import { bytesInBody, type Candidate } from './candidates.ts';

/** Cuts events into batches. What the next one is made of can be read ahead, before its size is known for certain. */
export class BatchSource {
  readonly #events: Iterator<Candidate, void>;
  readonly #ahead: Candidate[] = [];
  #aheadBytes = 0;
  #failure: Error | undefined;

  constructor(events: Iterator<Candidate, void>) {
    this.#events = events;
  }

  /** Reads ahead what a batch of this size needs. Never throws: a request is under way. */
  prepare(size: Pick<BatchSize, 'events' | 'bytes'>): void {
    try {
      this.#fill(size);
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  /**
   * The next batch; empty at the end. An event that is larger than a batch may be is one of its own. Throws what the
   * events throw.
   */
  take(size: Pick<BatchSize, 'events' | 'bytes'>): readonly Candidate[] {
    if (this.#failure !== undefined) throw this.#failure;
    this.#fill(size);
    let count = 0;
    let bytes = 0;
    for (const candidate of this.#ahead) {
      const more = bytesInBody(candidate);
      if (count === size.events || (count > 0 && bytes + more > size.bytes)) break;
      bytes += more;
      count++;
    }
    this.#aheadBytes -= bytes;
    return this.#ahead.splice(0, count);
  }

  #fill({ events, bytes }: Pick<BatchSize, 'events' | 'bytes'>): void {
    while (this.#ahead.length < events && this.#aheadBytes <= bytes) {
      const next = this.#events.next();
      if (next.done === true) return;
      this.#ahead.push(next.value);
      this.#aheadBytes += bytesInBody(next.value);
    }
  }
}
