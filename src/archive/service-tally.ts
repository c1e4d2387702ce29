import { VERDICTS, type Verdict } from './verdict.ts';

/** How many events of a service got which verdict; the service '' has lines that hold no event. */
export interface ServiceCounts {
  readonly svc: string;
  readonly counts: Partial<Record<Verdict, number>>;
}

/** So many services are told apart; a file can name a new one on each line. */
const MAX_SERVICES = 100;
const MAX_NAME = 64;
/** Where the rest is counted. */
export const OTHER_SERVICES = '(others)';

/** Counts verdicts by service, in bounded memory. */
export class ServiceTally {
  readonly #services = new Map<string, Partial<Record<Verdict, number>>>();

  count(svc: string, verdict: Verdict, events = 1): void {
    const counts = this.#of(svc.length <= MAX_NAME ? svc : `${svc.slice(0, MAX_NAME)}…`);
    counts[verdict] = (counts[verdict] ?? 0) + events;
  }

  add(services: readonly ServiceCounts[]): void {
    for (const { svc, counts } of services) {
      for (const verdict of VERDICT_NAMES) {
        const events = counts[verdict];
        if (events !== undefined) this.count(svc, verdict, events);
      }
    }
  }

  /** In the order in which services were met. */
  get counts(): ServiceCounts[] {
    return [...this.#services].map(([svc, counts]) => ({ svc, counts }));
  }

  /** Of all services together. */
  get total(): Partial<Record<Verdict, number>> {
    const total: Partial<Record<Verdict, number>> = {};
    for (const counts of this.#services.values()) {
      for (const verdict of VERDICT_NAMES) {
        const events = counts[verdict];
        if (events !== undefined) total[verdict] = (total[verdict] ?? 0) + events;
      }
    }
    return total;
  }

  #of(svc: string): Partial<Record<Verdict, number>> {
    const name = this.#services.has(svc) || this.#services.size < MAX_SERVICES ? svc : OTHER_SERVICES;
    let counts = this.#services.get(name);
    if (counts === undefined) this.#services.set(name, (counts = {}));
    return counts;
  }
}

const VERDICT_NAMES = Object.keys(VERDICTS) as Verdict[];
