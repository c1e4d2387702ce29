/** Unix hours, and how many events are of that hour. */
export type HourCount = readonly [hour: number, events: number];

/** A stretch of whole hours without an event. */
export interface Gap {
  /** Unix hours; the last one is empty, too. */
  readonly firstHour: number;
  readonly lastHour: number;
}

const HOUR_NS = 3600n * 1_000_000_000n;
/** So many hours are told apart: 34 years without a break. What is made to have more has no gaps. */
const MAX_HOURS = 300_000;
/** What lies so many hours before and after a gap says whether it is one. */
const NEIGHBOUR_HOURS = 24;
/** Neighbours are dense from so many events an hour on: less may be none by chance. */
const DENSE_EVENTS = 10;

/** How many events each hour has, in bounded memory whatever their times are. */
export class HourCounts {
  readonly #hours = new Map<number, number>();
  #isFull = false;
  /** The hour of the last event, and its bounds: events mostly come in order. */
  #hour = 0;
  #fromNs = 0n;
  #toNs = 0n;

  add(tsNs: bigint): void {
    if (tsNs < this.#fromNs || tsNs >= this.#toNs) {
      this.#hour = Number((tsNs - (((tsNs % HOUR_NS) + HOUR_NS) % HOUR_NS)) / HOUR_NS);
      this.#fromNs = BigInt(this.#hour) * HOUR_NS;
      this.#toNs = this.#fromNs + HOUR_NS;
    }
    this.#count(this.#hour, 1);
  }

  addAll(hours: readonly HourCount[]): void {
    for (const [hour, events] of hours) this.#count(hour, events);
  }

  get counts(): HourCount[] {
    return [...this.#hours];
  }

  /**
   * Hours without an event where neighbours are dense: at least 10 events an hour on average over the 24 hours before,
   * and as many over the 24 after. `undefined` where there were too many hours to tell.
   */
  findGaps(): Gap[] | undefined {
    if (this.#isFull) return undefined;
    const gaps: Gap[] = [];
    const hours = [...this.#hours.keys()].sort((a, b) => a - b);
    for (const [at, after] of hours.entries()) {
      const before = hours[at - 1];
      if (before === undefined || after - before === 1) continue;
      const isDense =
        this.#sum(before, -1) >= NEIGHBOUR_HOURS * DENSE_EVENTS &&
        this.#sum(after, 1) >= NEIGHBOUR_HOURS * DENSE_EVENTS;
      if (isDense) gaps.push({ firstHour: before + 1, lastHour: after - 1 });
    }
    return gaps;
  }

  /** Events of the hours from that one on, in one direction. */
  #sum(hour: number, step: 1 | -1): number {
    let sum = 0;
    for (let at = 0; at < NEIGHBOUR_HOURS; at++) sum += this.#hours.get(hour + at * step) ?? 0;
    return sum;
  }

  #count(hour: number, events: number): void {
    const before = this.#hours.get(hour);
    if (before === undefined && this.#hours.size >= MAX_HOURS) this.#isFull = true;
    else this.#hours.set(hour, (before ?? 0) + events);
  }
}
