import type { FaultKind } from './faults.ts';
import { Ledger } from './ledger.ts';
import type { LivingLedger } from './living-ledger.ts';
import { MovingEvents } from './moving-events.ts';
import type { SandboxEvent } from './sandbox-event.ts';

/** What a nara serves of the events that it holds: sorted anew only where they changed. */
export class ServedLedger {
  readonly #living: LivingLedger;
  readonly #isLegacy: boolean;
  readonly #isMoving: boolean;
  readonly #seed: string;
  #source: readonly SandboxEvent[] | undefined;
  #moving: MovingEvents | undefined;
  #ledger = new Ledger([]);

  constructor(living: LivingLedger, kinds: ReadonlySet<FaultKind>, seed: string) {
    this.#living = living;
    this.#isLegacy = kinds.has('legacy');
    this.#isMoving = kinds.has('moving');
    this.#seed = seed;
  }

  get current(): Ledger {
    const { events } = this.#living;
    if (this.#source === events) return this.#ledger;
    this.#source = events;
    this.#moving = this.#isMoving ? new MovingEvents(events, this.#seed) : undefined;
    return this.#sort();
  }

  /** For the next sync answer: a moving ledger moves, and an old server sorts ties as chance has it. */
  next(answerCount: number): Ledger {
    const { current } = this;
    if (!this.#isMoving && !this.#isLegacy) return current;
    this.#moving?.move();
    return this.#sort(this.#isLegacy ? `${this.#seed} ${answerCount}` : undefined);
  }

  #sort(tieSeed?: string): Ledger {
    const events = this.#moving?.current ?? this.#living.events;
    return (this.#ledger = new Ledger(events, this.#isLegacy, tieSeed));
  }
}
