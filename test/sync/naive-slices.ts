import { readEvent, type EventView } from '../../src/event/event-view.ts';
import { scanLine } from '../../src/event/scanner.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import type { ScopeFetcher } from '../../src/sync/slice-rounds.ts';
import type { EventScope } from '../../src/sync/sync-client.ts';

export interface NaiveOptions {
  readonly cap: number;
  /** How many events of each ts, oldest first, times 1, 2, 3, … */
  readonly ties: readonly number[];
  readonly services: readonly string[];
  readonly names: number;
  readonly seed: string;
  /** Ties come in another order with each answer. */
  readonly isUnstable: boolean;
  /** The oldest are of this service. */
  readonly oldest?: { readonly svc: string; readonly count: number };
  /** Its answers by names hold nothing. */
  readonly isNameless?: boolean;
  /** So many events come and go between two answers, until a fifth of them has gone. */
  readonly movesPerAnswer: number;
}

/** An old server in its plainest form: a list in memory, sorted anew for each answer, cut to slices, cut to the newest. */
export class NaiveSlices {
  readonly #options: NaiveOptions;
  readonly #prng: Prng;
  readonly #views = new Map<SandboxEvent, EventView>();
  #held: SandboxEvent[];
  readonly #coming: SandboxEvent[];
  readonly #going: SandboxEvent[];
  answers = 0;

  constructor(options: NaiveOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
    let serial = 0;
    const events = options.ties.flatMap((count, at) =>
      Array.from({ length: count }, () => this.#make(BigInt(at + 1), serial++)),
    );
    const shuffled = this.#prng.sample(events, events.length);
    const moving = options.movesPerAnswer === 0 ? 0 : Math.floor(events.length / 5);
    this.#coming = shuffled.slice(0, moving);
    this.#going = shuffled.slice(moving, 2 * moving);
    this.#held = shuffled.slice(moving);
  }

  get held(): readonly SandboxEvent[] {
    return this.#held;
  }

  /** The event at this place of those of a service, oldest first, goes. */
  remove(svc: string, place: number): void {
    const ofService = this.#held.filter((event) => event.svc === svc).sort((a, b) => Number(a.tsNs - b.tsNs));
    this.#held = this.#held.filter((event) => event !== ofService[place]);
  }

  /** Whether so many up to this time are all. */
  confirm(services: readonly string[] | undefined, untilNs: bigint, distinct: number): boolean {
    const held = this.#held.filter(({ tsNs, svc }) => tsNs <= untilNs && (services?.includes(svc) ?? true));
    return held.length <= distinct;
  }

  get fetcher(): ScopeFetcher {
    const { cap } = this.#options;
    const fetchSlice = (scope: EventScope, index: number, total: number) => {
      const events = this.#answer(scope, index, total);
      return Promise.resolve({ events, isFull: events.length >= cap });
    };
    const fetchWhole = async (scope: EventScope) => {
      const { events, isFull } = await fetchSlice(scope, 0, 1);
      return { events, isWhole: !isFull };
    };
    return { cap, fetchSlice, fetchWhole };
  }

  #make(tsNs: bigint, serial: number): SandboxEvent {
    const name = (): string => `n${this.#prng.integer(1, this.#options.names)}`;
    const { services, oldest } = this.#options;
    const svc = oldest !== undefined && serial < oldest.count ? oldest.svc : this.#prng.pick(services);
    const payload =
      svc === 'ping'
        ? { observer: name(), target: name(), rtt: serial + 1 }
        : {
            type: 'tease',
            actor: name(),
            target: name(),
            observer: name(),
            subject: name(),
            via: `${serial}`,
            reason: `${serial}`,
          };
    return makeEvent({ tsNs, svc, payload });
  }

  #answer({ services, subjects }: EventScope, index: number, total: number): EventView[] {
    const { cap, isUnstable, isNameless, movesPerAnswer } = this.#options;
    if (isNameless === true && subjects !== undefined) return [];
    this.answers++;
    const gone = new Set(this.#going.splice(0, movesPerAnswer));
    this.#held = this.#held
      .filter((event) => !gone.has(event))
      .concat(this.#coming.splice(0, movesPerAnswer));
    const order = isUnstable ? this.#prng.sample(this.#held, this.#held.length) : this.#held;
    return order
      .toSorted((a, b) => Number(a.tsNs - b.tsNs))
      .filter(({ svc }) => services === undefined || services.includes(svc))
      .filter(
        (event) => subjects === undefined || event.subjects.some((subject) => subjects.includes(subject)),
      )
      .filter((_event, at) => at % total === index)
      .slice(-cap)
      .map((event) => this.#view(event));
  }

  #view(event: SandboxEvent): EventView {
    const known = this.#views.get(event);
    if (known !== undefined) return known;
    const view = readEvent(scanLine(Buffer.from(event.line))!);
    this.#views.set(event, view);
    return view;
  }
}
