import type { EventView } from '../event/event-view.ts';
import { joinLines } from '../event/join-lines.ts';
import { GzipMembers } from '../jsonl/gzip-members.ts';
import type { Destination } from './destination.ts';
import { Meter, type Measured } from '../receipt/meter.ts';

const LINE_FEED = Buffer.from('\n');

export interface OutputOptions {
  /** End a torn line before the first one. */
  readonly closeOff: boolean;
  /** Hash what is written. */
  readonly fingerprint: boolean;
}

/** The last stretch of a dump: events become lines, lines are compressed where that is wanted, all is measured. */
export class DumpOutput {
  readonly #destination: Destination;
  readonly #gzip: GzipMembers | undefined;
  readonly #meter: Meter;
  #closeOff: boolean;
  #isEmpty = true;

  constructor(destination: Destination, { closeOff, fingerprint }: OutputOptions) {
    this.#destination = destination;
    this.#closeOff = closeOff;
    this.#meter = new Meter(destination.gzip === true, fingerprint);
    if (destination.gzip === true) this.#gzip = new GzipMembers((bytes) => this.#pass(bytes));
  }

  /** Throws what the destination throws. Returns the size of the text. */
  async write(events: readonly EventView[]): Promise<number> {
    const text = this.#closeOff ? Buffer.concat([LINE_FEED, joinLines(events)]) : joinLines(events);
    this.#closeOff = false;
    this.#isEmpty = false;
    this.#meter.plain(text);
    for (const event of events) this.#meter.line(event);
    await (this.#gzip === undefined ? this.#pass(text) : this.#gzip.write(text));
    return text.length;
  }

  /** Writes what is left. Nothing is something in gzip, but not at the end of a file that is there. */
  async end(): Promise<Measured> {
    if (!this.#isEmpty || this.#destination.prior?.isAppendedTo !== true) await this.#gzip?.end();
    return this.#meter.measured;
  }

  async #pass(bytes: Buffer): Promise<void> {
    this.#meter.raw(bytes);
    await this.#destination.write(bytes);
  }
}
