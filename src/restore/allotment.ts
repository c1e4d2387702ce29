import type { Candidate, Candidates } from './candidates.ts';
import { EVENT_KINDS, FAVOURS, RANKS, RESTART, type LimitGroup } from './event-kind.ts';
import type { HeldLedger } from './held-ledger.ts';
import { countStay, type StayCounts } from './stay-reason.ts';
import { sumOf } from './sum-of.ts';

/** What a nara keeps. Source: specification, "What a nara does to history". */
export const MOST_PINGS = 5;
export const MOST_OBSERVATIONS = 20;

export interface AllotmentOptions {
  /** How many events the target's ledger may hold; `undefined`: it does not tell. */
  readonly capacity: number | undefined;
  /** Send also what the limits would not keep, or what would push out what the target holds. */
  readonly overfill: boolean;
  /** Send no more than so many. */
  readonly limit: number;
}

/**
 * Which candidates are sent: those that the target lacks, and that its limits keep without letting go of anything that
 * it holds. Of a limit's group the newest go (restarts before others), of the whole those that a full ledger keeps longest.
 */
export class Allotment {
  /** How many are sent. */
  readonly size: number;
  /** How many are not. */
  readonly stay: StayCounts = {};
  readonly #candidates: Candidates;
  readonly #held: HeldLedger;
  /** Of each kind of each group, so many of the oldest stay; then of each rank. */
  readonly #groupSkips: Uint32Array;
  readonly #rankSkips: Uint32Array;

  constructor(candidates: Candidates, held: HeldLedger, { capacity, overfill, limit }: AllotmentOptions) {
    this.#candidates = candidates;
    this.#held = held;
    this.#groupSkips = new Uint32Array(candidates.groups.length * KINDS);
    this.#rankSkips = new Uint32Array(RANKS);
    const lacking = this.#countLacking();
    if (!overfill) {
      this.#limitGroups(lacking);
      if (capacity !== undefined) this.#limitWhole(lacking, Math.max(0, capacity - held.size));
    }
    const total = sumOf(lacking) - sumOf(this.#groupSkips) - sumOf(this.#rankSkips);
    this.size = Math.min(total, limit);
    countStay(this.stay, 'limit', total - this.size);
  }

  /** Those that are sent, oldest first; as often as anybody likes. Throws `TEMPORARY_FILE`. */
  *events(): Generator<Candidate, void, undefined> {
    const groupSkips = this.#groupSkips.slice();
    const rankSkips = this.#rankSkips.slice();
    let left = this.size;
    for (const candidate of this.#candidates.read()) {
      if (left === 0) return;
      const { id, kind, group } = candidate;
      if (this.#held.has(id)) continue;
      if (skips(groupSkips, group * KINDS + kind) || skips(rankSkips, EVENT_KINDS[kind]!.rank)) continue;
      left--;
      yield candidate;
    }
  }

  /** By group and kind. */
  #countLacking(): Uint32Array {
    const counts = new Uint32Array(this.#groupSkips.length);
    for (const { id, kind, group } of this.#candidates.read()) {
      if (this.#held.has(id)) countStay(this.stay, 'there');
      else counts[group * KINDS + kind]!++;
    }
    return counts;
  }

  #limitGroups(lacking: Uint32Array): void {
    for (const [number, group] of this.#candidates.groups.entries()) {
      if (group === undefined) continue;
      const start = number * KINDS;
      const counts = lacking.subarray(start, start + KINDS);
      const skips = this.#groupSkips.subarray(start, start + KINDS);
      skipBeyond(this.#roomOf(group, counts), counts, skips, GROUP_ORDER);
      countStay(this.stay, `${group.limit}-limit`, sumOf(skips));
    }
  }

  #roomOf({ limit, key, subject }: LimitGroup, counts: Uint32Array): number {
    const { count, restarts } = this.#held.fillOf(key);
    if (limit === 'ping') return Math.max(0, MOST_PINGS - count);
    const room = Math.max(0, MOST_OBSERVATIONS - count);
    // A pair that has nothing but restarts loses none of them, as long as no checkpoint stands for them.
    const isGrowing =
      restarts === count && !this.#held.isCheckpointed(subject) && !this.#candidates.isCheckpointed(subject);
    return isGrowing ? Math.max(room, counts[RESTART]!) : room;
  }

  #limitWhole(lacking: Uint32Array, room: number): void {
    const counts = new Uint32Array(RANKS);
    for (const [at, count] of lacking.entries()) {
      counts[EVENT_KINDS[at % KINDS]!.rank]! += count - this.#groupSkips[at]!;
    }
    skipBeyond(room, counts, this.#rankSkips, [...counts.keys()]);
    countStay(this.stay, 'capacity', sumOf(this.#rankSkips));
  }
}

const KINDS = EVENT_KINDS.length;
const GROUP_ORDER = Array.from({ length: FAVOURS }, (_, favour) =>
  EVENT_KINDS.flatMap((kind, at) => (kind.favour === favour ? [at] : [])),
).flat();

/** Gives the room to the kinds in their order; what is too much of a kind is skipped. */
function skipBeyond(room: number, counts: Uint32Array, skips: Uint32Array, order: readonly number[]): void {
  for (const kind of order) {
    const kept = Math.min(counts[kind]!, room);
    skips[kind] = counts[kind]! - kept;
    room -= kept;
  }
}

/** Whether one more is to be skipped. */
function skips(left: Uint32Array, at: number): boolean {
  if (left[at] === 0) return false;
  left[at]!--;
  return true;
}
