import { Prng } from './prng.ts';
import type { SandboxEvent } from './sandbox-event.ts';
import { isInt64, type SyncRequest } from './sync-request.ts';

const MOST_EVENTS = 5000;
const DEFAULT_RECENT = 100;
/** Servers before mid-January 2026. */
const MOST_EVENTS_LEGACY = 2000;

/** What a ledger answers to one request. */
export interface Selection {
  readonly events: readonly SandboxEvent[];
  /** Absent on the last page and outside page mode. */
  readonly nextCursor?: string;
}

/** A nara's events, oldest first, and the four ways to ask for them. Source: specification, `POST /events/sync`. */
export class Ledger {
  readonly events: readonly SandboxEvent[];
  readonly #isLegacy: boolean;

  /**
   * A legacy ledger belongs to an old server, which knows no modes. Events of one `ts` keep the order given, or with a
   * `tieSeed` come in an order of chance, as Go's sort leaves them.
   */
  constructor(events: readonly SandboxEvent[], isLegacy = false, tieSeed?: string) {
    const order = tieSeed === undefined ? events : new Prng(tieSeed).sample(events, events.length);
    this.events = order.toSorted((a, b) => (a.tsNs < b.tsNs ? -1 : a.tsNs > b.tsNs ? 1 : 0));
    this.#isLegacy = isLegacy;
  }

  select(request: SyncRequest): Selection {
    if (this.#isLegacy) return { events: this.#slice(request, MOST_EVENTS_LEGACY) };
    switch (request.mode) {
      case 'page':
        return this.#page(request);
      case 'recent':
        return { events: this.#matching(request).slice(-bounded(request.limit, DEFAULT_RECENT)).reverse() };
      case 'sample':
        return { events: this.#sample(request) };
      default:
        return { events: this.#slice(request, MOST_EVENTS) };
    }
  }

  #page(request: SyncRequest): Selection {
    const pageSize = bounded(request.pageSize, MOST_EVENTS);
    const events = this.#matching(request, readCursor(request.cursor)).slice(0, pageSize);
    const last = events.at(-1);
    return last === undefined || events.length < pageSize
      ? { events }
      : { events, nextCursor: String(last.tsNs) };
  }

  #sample(request: SyncRequest): SandboxEvent[] {
    const size = bounded(request.sampleSize, MOST_EVENTS);
    const matching = this.#matching(request);
    const ordinary = matching.filter((event) => !event.critical);
    const room = Math.max(0, size - (matching.length - ordinary.length));
    // Random as far as a test of the client can see, yet the same each time.
    const chosen = new Set(new Prng('sample').sample(ordinary, Math.min(room, ordinary.length)));
    return matching.filter((event) => event.critical || chosen.has(event));
  }

  #slice(request: SyncRequest, most: number): SandboxEvent[] {
    const matching = this.#matching(request, request.sinceTime);
    const total = request.sliceTotal > 1n ? Number(request.sliceTotal) : 1;
    const asked = Number(request.sliceIndex);
    const index = asked >= 0 && asked < total ? asked : 0;
    return matching
      .filter((_event, at) => at % total === index)
      .slice(-bounded(request.maxEvents, most, most));
  }

  /** Those strictly newer than the time that pass both filters. */
  #matching(request: SyncRequest, afterNs?: bigint): readonly SandboxEvent[] {
    const newer = afterNs === undefined ? this.events : this.events.slice(this.#firstAfter(afterNs));
    const services = new Set(request.services);
    const subjects = new Set(request.subjects);
    if (services.size === 0 && subjects.size === 0) return newer;
    return newer.filter(
      (event) =>
        (services.size === 0 || services.has(event.svc)) &&
        (subjects.size === 0 || event.subjects.some((subject) => subjects.has(subject))),
    );
  }

  #firstAfter(tsNs: bigint): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.events[middle]!.tsNs > tsNs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** A count outside 1…5000 (2000) is as good as none. */
function bounded(asked: bigint, otherwise: number, most = MOST_EVENTS): number {
  return asked >= 1n && asked <= BigInt(most) ? Number(asked) : otherwise;
}

/** Anything but the decimal text of an int64 starts from the beginning, which is 0: older events stay hidden. */
function readCursor(cursor: string): bigint {
  if (!/^[+-]?\d+$/.test(cursor)) return 0n;
  const tsNs = BigInt(cursor.replace('+', ''));
  return isInt64(tsNs) ? tsNs : 0n;
}
