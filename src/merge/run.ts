import type { EventView } from '../event/event-view.ts';

/**
 * `source`: somebody gave it. `kept`: an older backup holds it, and goes on holding it. `known`: it is had already
 * elsewhere, and is written only where somebody gave a better copy.
 */
export type RunRole = 'source' | 'kept' | 'known';

/** Where the copies of a run come from. */
export interface RunOrigin {
  /** For people: a peer as reports call it, a file's name. */
  readonly label: string;
  /** The public key of the peer that gave them, as far as it proved it: distinct keys weigh in the choice of copies. */
  readonly holder: string | undefined;
  readonly role: RunRole;
}

/** Copies of events in the order of `compareEvents`. What it reads from is closed by the pool that made it. */
export interface Run {
  /** Begins to read it from its start; any number of readers may be under way. */
  open(): RunReader;
}

/** Reads a run event by event. Reading blocks, mostly on the page cache. */
export interface RunReader {
  /** The event that it stands at; `undefined` at the end. */
  readonly current: EventView | undefined;
  /** Who gave the current event; an origin stands there as often as it gave this very copy. Good until `advance`. */
  readonly origins: readonly RunOrigin[];
  /**
   * Goes on to the next event. `like` is an event that it may well be, byte for byte (another run's next one): then it
   * IS that event, and need not be scanned again. Throws `TEMPORARY_FILE`.
   */
  advance(like?: EventView): void;
}

/** A run of events in memory, which come in order. */
export class MemoryRun implements Run {
  readonly #origins: readonly RunOrigin[];
  readonly #events: readonly EventView[];

  constructor(origin: RunOrigin, events: readonly EventView[]) {
    this.#origins = [origin];
    this.#events = events;
  }

  open(): RunReader {
    return new MemoryRunReader(this.#origins, this.#events);
  }
}

class MemoryRunReader implements RunReader {
  current: EventView | undefined;
  readonly origins: readonly RunOrigin[];
  readonly #events: readonly EventView[];
  #at = 0;

  constructor(origins: readonly RunOrigin[], events: readonly EventView[]) {
    this.origins = origins;
    this.#events = events;
    this.current = events[0];
  }

  advance(): void {
    this.current = this.#events[++this.#at];
  }
}
