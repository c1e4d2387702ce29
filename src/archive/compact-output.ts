import type { EventView } from '../event/event-view.ts';
import { joinLines } from '../event/join-lines.ts';
import { GzipMembers } from '../jsonl/gzip-members.ts';
import type { CompactDestination } from './compact-options.ts';

/** The last stretch of a compaction: events become lines, lines are compressed where that is wanted. */
export class CompactOutput {
  /** What was written so far. */
  readonly written = { bytes: 0, textBytes: 0 };
  readonly #destination: CompactDestination;
  readonly #gzip: GzipMembers | undefined;
  /** What is being written while the merge goes on. */
  #pending: Promise<void> = Promise.resolve();

  constructor(destination: CompactDestination) {
    this.#destination = destination;
    if (destination.gzip) this.#gzip = new GzipMembers((bytes) => this.#pass(bytes));
  }

  /** Throws what the destination throws, at this call or a later one. Returns the size of the text. */
  async write(events: readonly EventView[]): Promise<number> {
    const text = joinLines(events);
    this.written.textBytes += text.length;
    await (this.#gzip === undefined ? this.#pass(text) : this.#gzip.write(text));
    return text.length;
  }

  /** Writes what is left. Throws as `write` does. */
  async end(): Promise<void> {
    await this.#gzip?.end();
    await this.#pending;
  }

  /** Resolves when nothing is being written any more: only then may the destination be closed. Never throws. */
  async settled(): Promise<void> {
    await this.#pending.catch(() => undefined);
  }

  async #pass(bytes: Buffer): Promise<void> {
    this.written.bytes += bytes.length;
    await this.#pending;
    this.#pending = this.#destination.write(bytes);
    this.#pending.catch(() => undefined); // told to whoever waits for it next
  }
}
