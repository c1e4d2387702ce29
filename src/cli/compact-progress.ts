import type { CompactObserver } from '../archive/compact-options.ts';
import type { Progress } from './progress.ts';

/** Turns what a compaction tells into snapshots for the display. */
export class CompactProgress implements CompactObserver {
  readonly #progress: Progress;
  #startedMs = Date.now();
  #events = 0;
  #bytes = 0;
  #lines = 0;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  read(lines: number, bytes: number): void {
    this.#lines = lines;
    this.#show('reading', lines, bytes);
  }

  merging(): void {
    this.#startedMs = Date.now();
  }

  written(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
    this.#show('writing', this.#events, this.#bytes, this.#lines);
  }

  #show(label: string, events: number, bytes: number, totalEvents?: number): void {
    this.#progress.update({
      label,
      events,
      bytes,
      ...(totalEvents !== undefined && { totalEvents }),
      perPeer: [],
      startedMs: this.#startedMs,
      nowMs: Date.now(),
    });
  }
}
