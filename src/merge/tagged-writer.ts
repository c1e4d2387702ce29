import { eventBytes, type EventView } from '../event/event-view.ts';
import type { Run, RunOrigin } from './run.ts';
import type { RunPool } from './run-pool.ts';
import type { Segment } from './segment.ts';

const WRITE_BYTES = 1024 * 1024;
const LINE_END = Buffer.from('\n');

/** Writes a run of events that several origins gave into the pool's spool. Events come in the order of runs. */
export class TaggedWriter {
  readonly #pool: RunPool;
  readonly #segment: Segment;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(pool: RunPool) {
    this.#pool = pool;
    this.#segment = pool.taggedSegment();
  }

  /** An origin stands in the list as often as it gave the event. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  write(event: EventView, origins: Iterable<RunOrigin>): void {
    const tag = Buffer.from(`${Array.from(origins, (origin) => this.#pool.originIndex(origin)).join(',')}\t`);
    this.#pieces.push(tag, eventBytes(event), LINE_END);
    this.#bytes += tag.length + event.end - event.start + 1;
    if (this.#bytes >= WRITE_BYTES) this.#flush();
  }

  finish(): Run {
    if (this.#bytes > 0) this.#flush();
    return this.#segment;
  }

  #flush(): void {
    this.#segment.addExtent(this.#pool.spool().append(this.#pieces));
    this.#pieces = [];
    this.#bytes = 0;
  }
}
