import { Prng } from './prng.ts';
import type { SandboxEvent } from './sandbox-event.ts';

/** The share of the events that come while the ledger moves, and the share that go. */
const SHARE = 0.1;
const PER_ANSWER = 2;

/** The events of a ledger that moves: with each answer some come, of any time, and others go for good. */
export class MovingEvents {
  #current: SandboxEvent[];
  readonly #coming: SandboxEvent[];
  readonly #going: SandboxEvent[];

  constructor(events: readonly SandboxEvent[], seed: string) {
    const shuffled = new Prng(`moving ${seed}`).sample(events, events.length);
    const share = Math.floor(events.length * SHARE);
    this.#coming = shuffled.slice(0, share);
    this.#going = shuffled.slice(share, 2 * share);
    this.#current = shuffled.slice(share);
  }

  get current(): readonly SandboxEvent[] {
    return this.#current;
  }

  move(): void {
    const gone = new Set(this.#going.splice(0, PER_ANSWER));
    this.#current = this.#current
      .filter((event) => !gone.has(event))
      .concat(this.#coming.splice(0, PER_ANSWER));
  }
}
