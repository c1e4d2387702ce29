import type { DumpObserver } from '../dump/dump-options.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { walkState, type WalkReport } from '../sync/walk-report.ts';
import type { Progress } from './progress.ts';
import type { PeerProgress } from './progress-rows.ts';

/** Turns what a dump tells into snapshots for the display. */
export class DumpProgress implements DumpObserver {
  readonly #progress: Progress;
  /** Names of peers that are not walked yet, in order. */
  readonly #waiting: string[];
  readonly #startedMs = Date.now();
  readonly #peers = new Map<WalkReport, PeerProgress['state']>();
  #label = 'fetching';

  constructor(progress: Progress, peers: readonly PeerAddress[]) {
    this.#progress = progress;
    this.#waiting = peers.map(nameOf);
  }

  peersAdded(peers: readonly PeerAddress[]): void {
    this.#waiting.push(...peers.map(nameOf));
    this.#show();
  }

  peerStarted(report: WalkReport): void {
    this.#waiting.splice(this.#waiting.indexOf(report.label), 1);
    this.#set(report, 'active');
  }

  peerAdvanced(report: WalkReport): void {
    this.#set(report, 'active');
  }

  peerEnded(report: WalkReport): void {
    const state = walkState(report);
    this.#set(report, state === 'complete' ? 'done' : state);
  }

  merging(): void {
    this.#label = 'merging';
    this.#show();
  }

  #set(report: WalkReport, state: PeerProgress['state']): void {
    this.#peers.set(report, state);
    this.#show();
  }

  #show(): void {
    const reports = [...this.#peers.keys()];
    const nowMs = Date.now();
    const totalEvents = this.#waiting.length > 0 ? undefined : estimateTotal(this.#peers, nowMs);
    this.#progress.update({
      label: this.#label,
      events: sum(reports.map(({ events }) => events)),
      bytes: sum(reports.map(({ bytes }) => bytes)),
      ...(totalEvents !== undefined && { totalEvents }),
      perPeer: [
        ...[...this.#peers].map(([{ label, events, bytes }, state]) => ({
          name: label,
          state,
          events,
          bytes,
        })),
        ...this.#waiting.map((name) => ({ name, state: 'waiting' as const, events: 0, bytes: 0 })),
      ],
      startedMs: this.#startedMs,
      nowMs,
    });
  }
}

function nameOf({ name, url }: PeerAddress): string {
  return name ?? url.host;
}

/**
 * Guesses how many events the peers at work will have given: a walk goes from the oldest event to now, so how far it
 * has come in time tells how far it has come at all. `undefined` as long as one has given nothing.
 */
function estimateTotal(
  peers: ReadonlyMap<WalkReport, PeerProgress['state']>,
  nowMs: number,
): number | undefined {
  let total = 0;
  for (const [{ events, firstTsNs, lastTsNs }, state] of peers) {
    if (state !== 'active') total += events;
    else {
      if (firstTsNs === undefined || lastTsNs === undefined) return undefined;
      const walked = Number(lastTsNs - firstTsNs);
      const whole = nowMs * 1e6 - Number(firstTsNs);
      if (!(walked > 0 && whole > walked)) return undefined;
      total += Math.round((events * whole) / walked);
    }
  }
  return total;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
