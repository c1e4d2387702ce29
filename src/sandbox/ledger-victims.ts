import TinyQueue from 'tinyqueue';
import { namesOf, textOf, type HeldEvent } from './held-event.ts';

interface Victim {
  readonly held: HeldEvent;
  /** It names a nara without a key. */
  readonly isUnknown: boolean;
  readonly worth: number;
}

/** What never goes. */
const PRECIOUS = 4;

/**
 * The order in which a full ledger forgets: events that name a nara without a key, then by worth, oldest first.
 * Source: specification, "What a nara does to history" ("Capacity").
 */
export class LedgerVictims {
  readonly #queue: TinyQueue<Victim>;
  readonly #hasKey: (name: string) => boolean;

  constructor(events: Iterable<HeldEvent>, hasKey: (name: string) => boolean) {
    this.#hasKey = hasKey;
    this.#queue = new TinyQueue(
      Array.from(events, (held) => this.#judge(held)),
      comparePlight,
    );
  }

  add(held: HeldEvent): void {
    this.#queue.push(this.#judge(held));
  }

  /**
   * Takes the next to go, passing those that went already. None where a precious one is next: servers stop there, even
   * if others stand behind it.
   */
  take(isHeld: (held: HeldEvent) => boolean): HeldEvent | undefined {
    for (;;) {
      const next = this.#queue.peek();
      if (next === undefined) return undefined;
      const isGone = !isHeld(next.held);
      if (!isGone && next.worth === PRECIOUS) return undefined;
      this.#queue.pop();
      if (!isGone) return next.held;
    }
  }

  #judge(held: HeldEvent): Victim {
    // A checkpoint speaks of somebody who need not be there any more.
    const isUnknown = held.event.svc !== 'checkpoint' && namesOf(held).some((name) => !this.#hasKey(name));
    return { held, isUnknown, worth: worthOf(held) };
  }
}

function worthOf({ event, payload }: HeldEvent): number {
  switch (event.svc) {
    case 'ping':
      return 0;
    case 'seen':
      return 1;
    case 'hey-there':
    case 'chau':
      return 3;
    case 'observation':
      return textOf(payload, 'type') === 'status-change' ? 3 : PRECIOUS;
    case 'checkpoint':
      return PRECIOUS;
    default:
      return 2;
  }
}

function comparePlight(a: Victim, b: Victim): number {
  if (a.isUnknown !== b.isUnknown) return a.isUnknown ? -1 : 1;
  if (a.worth !== b.worth) return a.worth - b.worth;
  const [first, second] = [a.held.event.tsNs, b.held.event.tsNs];
  return first < second ? -1 : first > second ? 1 : 0;
}
