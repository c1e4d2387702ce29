import type { HeldEvent } from './held-event.ts';

/** A name that a nara has in its neighbourhood, and what it knows of it. */
export interface Neighbour {
  readonly name: string;
  /** Default false. */
  readonly isOnline?: boolean;
  /** When it was first heard of, unix seconds; default 0: never. */
  readonly startTime?: number;
  /** When it was last heard itself, unix seconds; default 0: never. */
  readonly lastSeen?: number;
}

const DAY_SECONDS = 86_400;
const RECENT_SECONDS = 300;

/**
 * The names that a nara watches over: whoever is offline among them for too long loses its history.
 * Source: specification, "What a nara does to history" ("Clean-up").
 */
export class Neighbourhood {
  readonly #own: string;
  readonly #neighbours: Map<string, Neighbour>;

  constructor(own: string, neighbours: Iterable<Neighbour>) {
    this.#own = own;
    this.#neighbours = new Map(Array.from(neighbours, (neighbour) => [neighbour.name, neighbour]));
    this.#neighbours.delete(own);
  }

  /** All but the nara itself. */
  get all(): readonly Neighbour[] {
    return [...this.#neighbours.values()];
  }

  /** Lets a name in of which nothing else is known. */
  meet(name: string): void {
    if (name !== '' && name !== this.#own && !this.#neighbours.has(name))
      this.#neighbours.set(name, { name });
  }

  /** What a batch of imported events does to it; the times of those that it heard come from the events. */
  hear(
    events: readonly HeldEvent[],
    { nowSeconds, isBooting }: { nowSeconds: number; isBooting: boolean },
  ): void {
    for (const { event, emitter } of events) {
      const isRecent = nowSeconds - secondsOf(event.tsNs) < RECENT_SECONDS;
      if (!isRecent && !isBooting && event.svc !== 'hey-there') continue;
      for (const name of [emitter, ...event.subjects]) this.meet(name);
    }
    if (isBooting) return;
    const leaving = new Set(
      events.filter(({ event }) => event.svc === 'chau').map(({ event }) => event.subjects[0]),
    );
    const heard = new Set<string>();
    for (const { event, emitter } of events) {
      const known = this.#neighbours.get(emitter);
      if (known === undefined || event.svc === 'chau' || leaving.has(emitter) || heard.has(emitter)) continue;
      heard.add(emitter);
      if (known.isOnline === true) continue;
      const lastSeen = secondsOf(event.tsNs);
      this.#neighbours.set(emitter, { ...known, lastSeen, isOnline: nowSeconds - lastSeen < RECENT_SECONDS });
    }
  }

  /** Lets go of the names whose time is over, and returns them. */
  cleanUp(nowSeconds: number): ReadonlySet<string> {
    const over = this.all.filter((neighbour) => isOver(neighbour, nowSeconds)).map(({ name }) => name);
    for (const name of over) this.#neighbours.delete(name);
    return new Set(over);
  }
}

function isOver({ isOnline, startTime = 0, lastSeen = 0 }: Neighbour, nowSeconds: number): boolean {
  if (isOnline === true) return false;
  if (lastSeen === 0) return true;
  const age = startTime > 0 ? nowSeconds - startTime : 0;
  const silence = nowSeconds - lastSeen;
  if (age < 2 * DAY_SECONDS) return silence > DAY_SECONDS;
  return age < 30 * DAY_SECONDS && silence > 7 * DAY_SECONDS;
}

function secondsOf(tsNs: bigint): number {
  return Number(tsNs / 1_000_000_000n);
}
