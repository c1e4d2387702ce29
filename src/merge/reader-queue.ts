import TinyQueue from 'tinyqueue';
import type { EventView } from '../event/event-view.ts';
import { compareBytes, compareEvents } from './order.ts';
import type { Run, RunOrigin, RunReader } from './run.ts';

/** The events of several runs, lowest first. */
export class ReaderQueue {
  readonly #readers: TinyQueue<RunReader>;
  /** The event that a reader came to last: others, whose runs hold much the same, may well come to it next. */
  #last: EventView | undefined;

  constructor(runs: readonly Run[]) {
    const readers = runs.map((run) => run.open()).filter(({ current }) => current !== undefined);
    this.#readers = new TinyQueue(readers, (a, b) => compareEvents(a.current!, b.current!));
  }

  get lowest(): EventView | undefined {
    return this.#readers.peek()?.current;
  }

  /** Takes all that is equal to an event byte for byte; `origins` is then who gave it. */
  takeEqual(event: EventView, origins: RunOrigin[]): void {
    origins.length = 0;
    for (let next = this.lowest; next !== undefined && isEqual(next, event); next = this.lowest) {
      this.#take(origins);
    }
  }

  /** Takes the lowest event away, and adds who gave it. */
  #take(origins: RunOrigin[]): void {
    const reader = this.#readers.pop()!;
    for (const origin of reader.origins) origins.push(origin);
    reader.advance(this.#last);
    if (reader.current === undefined) return;
    this.#last = reader.current;
    this.#readers.push(reader);
  }
}

function isEqual(a: EventView, b: EventView): boolean {
  return a === b || (a.tsNs === b.tsNs && compareBytes(a, b) === 0);
}
