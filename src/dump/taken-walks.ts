import type { Traffic, WalkReport } from '../sync/walk-report.ts';
import type { LeftWalk } from './leftover.ts';

/** A walk that an earlier run brought to its end stands for one of this run for so long. */
const MAX_AGE_MS = 60 * 60 * 1000;

/** Walks of earlier runs that need not be walked again. Each stands for one peer. */
export class TakenWalks {
  readonly #byKey: ReadonlyMap<string, LeftWalk>;
  readonly #claimed = new Set<LeftWalk>();

  /** Of several walks of one key the last counts. Only those that fetched the same are of use. */
  constructor(walks: readonly LeftWalk[], filters: string, nowMs: number) {
    const isOfUse = (walk: LeftWalk): boolean =>
      walk.filters === filters && walk.startedMs <= nowMs && nowMs - walk.startedMs < MAX_AGE_MS;
    this.#byKey = new Map(walks.filter(isOfUse).map((walk) => [walk.publicKey, walk]));
  }

  /** The walk of the peer that shows this key, once. */
  claim(publicKey: string): LeftWalk | undefined {
    const walk = this.#byKey.get(publicKey);
    if (walk === undefined || this.#claimed.has(walk)) return undefined;
    this.#claimed.add(walk);
    return walk;
  }
}

/** Makes a report tell of the walk that stands for its own. */
export function reportTaken(report: WalkReport, walk: LeftWalk): void {
  addTraffic(report, walk);
  addTraffic(report.checkpoints, walk.checkpoints);
  report.firstTsNs = walk.firstTsNs === undefined ? undefined : BigInt(walk.firstTsNs);
  report.lastTsNs = walk.lastTsNs === undefined ? undefined : BigInt(walk.lastTsNs);
  report.takenFromMs = walk.startedMs;
}

function addTraffic(to: Traffic, { requests, bytes, events, repeats }: Traffic): void {
  to.requests += requests;
  to.bytes += bytes;
  to.events += events;
  to.repeats += repeats;
}
