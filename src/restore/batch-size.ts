/** A server's answer should take about so long at most: a full ledger takes 22 ms for each event. */
const LONGEST_MS = 10_000;
/** Answers that take less leave room for larger batches. */
const SHORT_MS = 5_000;

export interface BatchBounds {
  readonly maxEvents: number;
  /** Of events, commas and all; a single event may be larger. */
  readonly maxBytes: number;
}

/** How large the next batch may be: as the user says, less where answers take long or the server finds it too much. */
export class BatchSize {
  readonly #maxEvents: number;
  events: number;
  bytes: number;

  constructor({ maxEvents, maxBytes }: BatchBounds) {
    this.#maxEvents = maxEvents;
    this.events = maxEvents;
    this.bytes = maxBytes;
  }

  /** A batch of so many events was answered after so long. */
  answered(events: number, elapsedMs: number): void {
    if (elapsedMs > LONGEST_MS) this.events = Math.max(1, Math.floor((events * LONGEST_MS) / elapsedMs));
    else if (elapsedMs < SHORT_MS && events >= this.events)
      this.events = Math.min(this.#maxEvents, this.events * 2);
  }

  /** A batch of so many bytes was refused as too large. */
  refused(bytes: number): void {
    this.bytes = Math.max(1, Math.min(this.bytes, Math.floor(bytes / 2)));
  }
}
