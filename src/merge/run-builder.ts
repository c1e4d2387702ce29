import type { EventView } from '../event/event-view.ts';
import { compareEvents } from './order.ts';
import { MemoryRun, type Run, type RunOrigin } from './run.ts';

/** Collects the copies that one origin gave, in any order, until the pool makes a run of them. */
export class RunBuilder {
  readonly #origin: RunOrigin;
  readonly #keep: (event: EventView) => EventView;
  #events: EventView[] = [];
  #isInOrder = true;

  /** `keep` returns the view of an event that stays good until the run is taken. */
  constructor(origin: RunOrigin, keep: (event: EventView) => EventView) {
    this.#origin = origin;
    this.#keep = keep;
  }

  add(event: EventView): void {
    const kept = this.#keep(event);
    const before = this.#events.at(-1);
    if (before !== undefined && compareEvents(before, kept) > 0) this.#isInOrder = false;
    this.#events.push(kept);
  }

  get size(): number {
    return this.#events.length;
  }

  /** A run of what was added since the last time. */
  take(): Run {
    const events = this.#events;
    if (!this.#isInOrder) events.sort(compareEvents);
    this.#events = [];
    this.#isInOrder = true;
    return new MemoryRun(this.#origin, events);
  }
}
