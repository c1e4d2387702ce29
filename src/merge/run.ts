import type { EventView } from '../event/event-view.ts';

/** Where the copies of a run come from. */
export interface RunOrigin {
  /** For people: a peer as reports call it, a file's name. */
  readonly label: string;
  /** The public key of the peer that gave them, as far as it proved it: distinct keys weigh in the choice of copies. */
  readonly holder: string | undefined;
  /** `known`: what it holds is had already, and only tells what not to write again. */
  readonly role: 'source' | 'known';
}

/**
 * Copies of events in `ts` order. It is opened once; the merge closes what it opened. Between events of one `ts` any
 * order goes.
 */
export interface Run {
  readonly origin: RunOrigin;
  open(): AsyncIterable<readonly EventView[]>;
}

/** Collects the copies that one origin gave, in any order, and makes a run of them. */
export class RunBuilder {
  readonly #events: EventView[] = [];
  #isSorted = true;

  add(event: EventView): void {
    const last = this.#events.at(-1);
    if (last !== undefined && event.tsNs < last.tsNs) this.#isSorted = false;
    this.#events.push(event);
  }

  /** The builder is used up after it. */
  finish(origin: RunOrigin): Run {
    const events = this.#events;
    if (!this.#isSorted) events.sort((a, b) => (a.tsNs < b.tsNs ? -1 : a.tsNs > b.tsNs ? 1 : 0));
    return { origin, open: () => inBatches(events) };
  }
}

const BATCH_EVENTS = 4096;

// eslint-disable-next-line @typescript-eslint/require-await -- runs in files, which come later, do await
async function* inBatches(
  events: readonly EventView[],
): AsyncGenerator<readonly EventView[], void, undefined> {
  for (let at = 0; at < events.length; at += BATCH_EVENTS) yield events.slice(at, at + BATCH_EVENTS);
}
