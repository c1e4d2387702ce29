import TinyQueue from 'tinyqueue';
import type { EventView } from '../event/event-view.ts';
import { compareEvents } from './order.ts';
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

  /** Takes the lowest event away and returns who gave it. There must be one. */
  take(): readonly RunOrigin[] {
    const reader = this.#readers.pop()!;
    const { origins } = reader;
    reader.advance(this.#last);
    if (reader.current !== undefined) {
      this.#last = reader.current;
      this.#readers.push(reader);
    }
    return origins;
  }
}
