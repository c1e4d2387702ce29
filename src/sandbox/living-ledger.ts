import { holdEvent, namesOf, textOf, type HeldEvent } from './held-event.ts';
import { displacedObservation, makeRoomForPing } from './ledger-limits.ts';
import { LedgerVictims } from './ledger-victims.ts';
import type { SandboxEvent } from './sandbox-event.ts';
import { isTaken } from './taken.ts';

export interface LivingLedgerOptions {
  /** Events. */
  readonly capacity: number;
  readonly hasKey: (name: string) => boolean;
}

/**
 * A nara's events as they come and go: what it takes, and what it forgets for it. What it holds from the start is
 * simply there, whatever the limits say.
 * Source: specification, "What a nara does to history".
 */
export class LivingLedger {
  /** What was here and is no more, in the order of going. */
  readonly lost: SandboxEvent[] = [];
  readonly #options: LivingLedgerOptions;
  readonly #first: readonly SandboxEvent[];
  #events: readonly SandboxEvent[] | undefined;
  /** In the order of coming; made from the first ones when it is needed, as most naras only serve. */
  #held: Set<HeldEvent> | undefined;
  readonly #ids = new Set<string>();
  readonly #pings = new Groups();
  readonly #observations = new Groups();
  readonly #checkpoints = new Groups();
  #victims: LedgerVictims | undefined;

  constructor(events: readonly SandboxEvent[], options: LivingLedgerOptions) {
    this.#first = events;
    this.#options = options;
  }

  /** In the order of coming; another list after each change, and only then. */
  get events(): readonly SandboxEvent[] {
    if (this.#held === undefined) return this.#first;
    return (this.#events ??= Array.from(this.#held, ({ event }) => event));
  }

  /** The same as its server reads them. */
  get held(): ReadonlySet<HeldEvent> {
    return this.#hold();
  }

  /** Whether a server says that it imported the event. Its place may cost another one's, even if it is refused. */
  add(held: HeldEvent): boolean {
    const { svc } = held.event;
    this.#hold();
    const isAdded = svc === 'observation' ? this.#addObservation(held) : this.#addOther(held);
    // Observations are added without a look at the capacity.
    if (isAdded && svc !== 'observation') this.trim();
    return isAdded;
  }

  /** To be called when a name got its key. */
  forgetKeys(): void {
    this.#victims = undefined;
  }

  /** Forgets what the capacity has no room for. */
  trim(): void {
    const held = this.#hold();
    while (held.size > this.#options.capacity) {
      this.#victims ??= new LedgerVictims(held, this.#options.hasKey);
      const victim = this.#victims.take((candidate) => held.has(candidate));
      if (victim === undefined) return;
      this.#lose(victim);
    }
  }

  /** Forgets all that names one of these naras, or was emitted by one. Returns how many events went. */
  removeAbout(names: ReadonlySet<string>): number {
    const doomed = [...this.#hold()].filter((held) =>
      [...namesOf(held), held.emitter].some((name) => names.has(name)),
    );
    for (const held of doomed) this.#lose(held);
    return doomed.length;
  }

  #addObservation(held: HeldEvent): boolean {
    const others = this.#observations.of(pairOf(held));
    const hasCheckpoint = this.#checkpoints.of(textOf(held.payload, 'subject')).size > 0;
    // It goes before anybody looks whether the new one is good, or here already.
    const displaced = displacedObservation(others, hasCheckpoint);
    if (displaced !== undefined) this.#lose(displaced);
    if (!isTaken(held) || this.#ids.has(held.event.id)) return false;
    this.#keep(held);
    return true;
  }

  #addOther(held: HeldEvent): boolean {
    if (!isTaken(held) || this.#ids.has(held.event.id)) return false;
    if (held.event.svc === 'ping') {
      const { isRefused, displaced } = makeRoomForPing(held, this.#pings.of(textOf(held.payload, 'target')));
      if (isRefused) return false;
      if (displaced !== undefined) this.#lose(displaced);
    }
    this.#keep(held);
    return true;
  }

  #hold(): Set<HeldEvent> {
    if (this.#held === undefined) {
      this.#held = new Set();
      for (const event of this.#first) this.#keep(holdEvent(event));
    }
    return this.#held;
  }

  #keep(held: HeldEvent): void {
    this.#hold().add(held);
    this.#ids.add(held.event.id);
    this.#groupOf(held)?.add(held);
    this.#victims?.add(held);
    this.#events = undefined;
  }

  #lose(held: HeldEvent): void {
    this.#hold().delete(held);
    this.#ids.delete(held.event.id);
    this.#groupOf(held)?.delete(held);
    this.lost.push(held.event);
    this.#events = undefined;
  }

  #groupOf(held: HeldEvent): Set<HeldEvent> | undefined {
    switch (held.event.svc) {
      case 'ping':
        return this.#pings.of(textOf(held.payload, 'target'));
      case 'observation':
        return this.#observations.of(pairOf(held));
      case 'checkpoint':
        return this.#checkpoints.of(textOf(held.payload, 'subject'));
      default:
        return undefined;
    }
  }
}

/** Events by what limits or guards them. */
class Groups {
  readonly #groups = new Map<string, Set<HeldEvent>>();

  of(key: string): Set<HeldEvent> {
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, (group = new Set()));
    return group;
  }
}

function pairOf({ payload }: HeldEvent): string {
  return JSON.stringify([textOf(payload, 'observer'), textOf(payload, 'subject')]);
}
