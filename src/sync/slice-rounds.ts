import type { EventView } from '../event/event-view.ts';
import type { SeenEvents } from './seen-events.ts';
import { isNewcomer, newUnit, type SliceUnit } from './slice-unit.ts';
import type { EventScope } from './sync-client.ts';

/** How a server without a way to page through these events is asked for them. */
export interface ScopeFetcher {
  /** The scope in one answer. `isWhole`: nothing was cut off, and one answer is of one moment. */
  fetchWhole(scope: EventScope): Promise<{ events: readonly EventView[]; isWhole: boolean }>;
  /** Each `total`th event of the scope. `isFull`: some may have been cut off. */
  fetchSlice(
    scope: EventScope,
    index: number,
    total: number,
  ): Promise<{ events: readonly EventView[]; isFull: boolean }>;
  /** The most events of one answer. */
  readonly cap: number;
}

export interface RoundsOptions {
  readonly fetcher: ScopeFetcher;
  readonly seen: SeenEvents;
  readonly services: readonly string[];
  /** Every second round asks for all services together, which also shows services that nobody named. */
  readonly together: EventScope | undefined;
  /** Unix nanoseconds. Events after it came while we asked, or are not what is looked for: they settle nothing. */
  readonly untilNs: bigint;
  /** Whether so many events up to `untilNs` are all that the server holds now; asked whenever they may be. */
  readonly confirm: (distinct: number) => Promise<boolean>;
  /** Told of each answer: what it held, what of it was new, and how much of that counts. */
  readonly onGiven: (events: readonly EventView[], fresh: readonly EventView[], distinct: number) => void;
}

const MAX_ROUNDS = 8;
/** So many rounds must add nothing where events moved within a set. */
const QUIET_ROUNDS = 2;
const FIRST_TOTAL = 3;
const GROWTH = 3;
/** With more slices than that an answer still full shows a server that does not slice. */
const MAX_TOTAL = 4096;
const MAX_SERVICES = 100;
/** Groups of names are filled up to this share of an answer: counts come from what was seen, which is not all. */
const GROUP_SHARE = 0.5;
/** A server whose answers by names hold less of what was seen before filters names otherwise than we think. */
const TRUSTED_SHARE = 0.8;

/**
 * Gets all events out of a server that gives at most so many an answer and cannot page through them: by services, and
 * where a service does not fit one answer, by slices and by names in turn. An answer that is not full is of one moment
 * and whole: what turns up later of its service or its names came later. A set of slices is neither: events move between
 * them as the ledger changes, and as the server sorts ties another way each time. So rounds, each cut otherwise, are
 * united until there are as many as the server holds; and where a set shows that events moved within it, a number proves
 * little, for some have gone: then the last rounds must add nothing.
 * Source: specification, "What follows from that".
 */
export class SliceRounds {
  readonly #options: RoundsOptions;
  readonly #units = new Map<string, SliceUnit>();
  readonly #together: SliceUnit | undefined;
  #rounds = 0;
  #set = 0;
  /** Different events up to `untilNs`, and those of them that no earlier answer proves to be newcomers. */
  #distinct = 0;
  #missed = 0;
  #added = 0;
  #emptyRounds = 0;
  #isUnsure = false;
  /** Nothing is left to ask for. */
  #isHopeless = false;
  #isSettled = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    for (const service of options.services) this.#units.set(service, newUnit({ services: [service] }));
    if (options.together !== undefined) this.#together = newUnit(options.together);
  }

  /** Whether, once `pages` has ended, everything is had that was there from start to end. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Events up to `untilNs` that are had. */
  get distinct(): number {
    return this.#distinct;
  }

  /** How many events the last round added that an earlier one should have had. */
  get lastAdded(): number {
    return this.#added;
  }

  get rounds(): number {
    return this.#rounds;
  }

  /** Notes events that were passed on before. */
  prime(events: readonly EventView[]): void {
    this.#sift(events, undefined);
  }

  /** The new events of each answer. Throws what the fetcher throws; called again, it begins that round again. */
  async *pages(): AsyncGenerator<readonly EventView[], void, undefined> {
    if (this.#together?.total === 0) yield* this.#askWhole(this.#together);
    this.#isSettled = this.#together?.isWhole ?? (await this.#options.confirm(this.#distinct));
    while (!this.#isSettled && !this.#isHopeless && this.#rounds < MAX_ROUNDS) {
      yield* this.#round();
      this.#isSettled = this.#isQuiet() && (await this.#options.confirm(this.#distinct));
      this.#isHopeless ||= this.#together === undefined && this.#openUnits().length === 0;
    }
  }

  /** Whether a number that fits can be believed. */
  #isQuiet(): boolean {
    const mayHoldStrangeServices =
      this.#together !== undefined && this.#together.scope.services === undefined;
    if (mayHoldStrangeServices && this.#rounds < 2) return false;
    if (!this.#isUnsure) return true;
    return this.#emptyRounds >= QUIET_ROUNDS && this.#openUnits().every(({ isCutByNames }) => isCutByNames);
  }

  async *#round(): AsyncGenerator<readonly EventView[], void, undefined> {
    const before = this.#missed;
    const together = this.#together !== undefined && this.#rounds % 2 === 1 ? this.#together : undefined;
    const turn = this.#together === undefined ? this.#rounds : Math.floor(this.#rounds / 2);
    const byNames = together === undefined && turn % 2 === 1;
    const units = together === undefined ? this.#openUnits() : [together];
    if (!byNames) this.#isUnsure = false;
    for (const unit of units) yield* this.#cover(unit, byNames);
    this.#rounds++;
    if (units.length === 0) return;
    this.#added = this.#missed - before;
    this.#emptyRounds = this.#added === 0 ? this.#emptyRounds + 1 : 0;
  }

  #openUnits(): SliceUnit[] {
    return [...this.#units.values()].filter(({ isWhole }) => !isWhole);
  }

  async *#cover(unit: SliceUnit, byNames: boolean): AsyncGenerator<readonly EventView[], void, undefined> {
    if (unit.total === 0) yield* this.#askWhole(unit);
    if (unit.isWhole) return;
    const groups = byNames ? unit.names.groups(this.#options.fetcher.cap * GROUP_SHARE) : undefined;
    yield* groups === undefined ? this.#bySlices(unit) : this.#byNames(unit, groups);
  }

  async *#askWhole(unit: SliceUnit): AsyncGenerator<readonly EventView[], void, undefined> {
    const { events, isWhole } = await this.#options.fetcher.fetchWhole(unit.scope);
    yield this.#sift(events, unit).fresh;
    unit.isWhole = isWhole;
    unit.total = FIRST_TOTAL;
  }

  /** A set of slices of which none is full. What moves between them is given twice, or shifts what comes after it. */
  async *#bySlices(unit: SliceUnit): AsyncGenerator<readonly EventView[], void, undefined> {
    for (let { total } = unit; ; total *= GROWTH) {
      this.#set++;
      let isFull = false;
      let isOverlapping = false;
      for (let index = 0; index < total && !isFull; index++) {
        const slice = await this.#options.fetcher.fetchSlice(unit.scope, index, total);
        ({ isFull } = slice);
        const { fresh, hasTwice } = this.#sift(slice.events, unit);
        isOverlapping ||= hasTwice;
        yield fresh;
      }
      if (!isFull) {
        unit.total = total + 1;
        this.#isUnsure ||= isOverlapping;
        return;
      }
      if (total > MAX_TOTAL) {
        this.#isHopeless = true;
        return;
      }
    }
  }

  async *#byNames(
    unit: SliceUnit,
    groups: string[][],
  ): AsyncGenerator<readonly EventView[], void, undefined> {
    const asked = new Set(groups.flat());
    const count = asked.size;
    const before = unit.names.events;
    let again = 0;
    this.#set++;
    for (let names = groups.pop(); names !== undefined; names = groups.pop()) {
      const scope = { ...unit.scope, subjects: names };
      const { events, isWhole } = await this.#options.fetcher.fetchWhole(scope);
      const sifted = this.#sift(events, unit);
      again += sifted.again;
      yield sifted.fresh;
      if (isWhole) continue;
      const half = Math.ceil(names.length / 2);
      if (half < names.length) groups.push(names.slice(0, half), names.slice(half));
      else {
        for (const name of names) asked.delete(name);
        yield* this.#bySlices({ ...newUnit(scope), names: unit.names, total: FIRST_TOTAL });
      }
    }
    if (again < before * TRUSTED_SHARE) return;
    unit.wholeNames = asked;
    unit.isCutByNames = asked.size === count;
  }

  /** What of an answer is new, how much was had before this set, and whether the set itself held some of it before. */
  #sift(
    events: readonly EventView[],
    unit: SliceUnit | undefined,
  ): { fresh: EventView[]; again: number; hasTwice: boolean } {
    const { seen, untilNs, onGiven } = this.#options;
    const fresh: EventView[] = [];
    let distinct = 0;
    let again = 0;
    let hasTwice = false;
    for (const event of events) {
      const note = seen.note(event, this.#set + 1);
      hasTwice ||= note === 'twice';
      if (note === 'again' && event.tsNs <= untilNs) again++;
      if (note !== 'new') continue;
      fresh.push(event);
      if (event.tsNs > untilNs) continue;
      distinct++;
      if (event.hostile === undefined) this.#discover(event.svc);
      const home = event.hostile === undefined ? this.#units.get(event.svc) : undefined;
      home?.names.add(event);
      if (home === undefined || !isNewcomer(event, home)) this.#missed++;
    }
    this.#distinct += distinct;
    if (unit !== undefined) onGiven(events, fresh, distinct);
    return { fresh, again, hasTwice };
  }

  /** A service that nobody named. */
  #discover(svc: string): void {
    const isOpen = this.#together !== undefined && this.#together.scope.services === undefined;
    if (!isOpen || svc === '' || this.#units.has(svc) || this.#units.size >= MAX_SERVICES) return;
    this.#units.set(svc, newUnit({ services: [svc] }));
  }
}
