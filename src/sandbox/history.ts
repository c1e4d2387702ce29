import { planBursts } from './burst-plan.ts';
import { EventWriter } from './event-writer.ts';
import { Prng } from './prng.ts';
import type { SandboxEvent } from './sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from './sandbox-identity.ts';

export interface HistoryOptions {
  /** The same seed (and other options) gives the same bytes. Default 1. */
  readonly seed?: number;
  readonly naras: number;
  /** Every nara's ledger is exactly so long. */
  readonly eventsPerNara: number;
  /** Bursts of one `ts` lie across the ends of pages of this size. At least 20, default 2000. */
  readonly pageSize?: number;
  /** So many events of one `ts` lie in the middle of each ledger; default none. Over 5000 no page can hold them. */
  readonly middleBurst?: number;
  /** Unix nanoseconds; all events are older. Default 2026-02-01, so that runs on different days are alike. */
  readonly nowNs?: bigint;
}

export interface History {
  readonly naras: readonly SandboxIdentity[];
  /** Names of the past: they occur in events, and signed some, and are not there. */
  readonly ghosts: readonly SandboxIdentity[];
  /** Ledger i is nara i's, in `ts` order; within one `ts` in an order of its own. */
  readonly ledgers: readonly (readonly SandboxEvent[])[];
}

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy'];
const GHOST_COUNT = 12;
const START_OF_2026_NS = 1_767_225_600_000_000_000n;
const DEFAULT_NOW_NS = 1_769_904_000_000_000_000n;
const LONGEST_SPAN_NS = 30n * 86_400_000_000_000n;

/** The share of a nara's events that no other nara holds. */
const PRIVATE_SHARE = 0.05;
/** How many times more events are shared among naras than one of them holds: nobody remembers all. */
const POOL_FACTOR = 1.25;

/** Makes identities and overlapping ledgers with all seven services, about half of the events signed. */
export function makeHistory(options: HistoryOptions): History {
  const { seed = 1, eventsPerNara, pageSize = 2000, nowNs = DEFAULT_NOW_NS } = options;
  const prng = new Prng(`history ${seed}`);
  const naras = Array.from({ length: options.naras }, (_, index) => makeIdentity(naraName(index), prng));
  const ghosts = Array.from({ length: GHOST_COUNT }, (_, index) => makeIdentity(`ghost-${index + 1}`, prng));
  const writer = new EventWriter(prng, [...naras, ...ghosts]);
  const ledgers = naras.map((): SandboxEvent[] => []);

  const earliestNs = nowNs - LONGEST_SPAN_NS;
  const startNs = earliestNs < START_OF_2026_NS && START_OF_2026_NS < nowNs ? START_OF_2026_NS : earliestNs;
  const timeAt = (index: number): bigint =>
    startNs + ((nowNs - startNs) * BigInt(index)) / BigInt(eventsPerNara + 1);

  let index = 0;
  const bursts = planBursts(eventsPerNara, pageSize, prng, options.middleBurst);
  for (const burst of [...bursts, { start: eventsPerNara, size: 0 }]) {
    addStretch(ledgers, burst.start - index, timeAt(index), timeAt(burst.start), writer, prng);
    addBurst(ledgers, burst.size, timeAt(burst.start), writer, prng);
    index = burst.start + burst.size;
  }
  return { naras, ghosts, ledgers };
}

function naraName(index: number): string {
  return NAMES[index] ?? `nara-${index + 1}`;
}

/** Adds `length` events to each ledger, their `ts` between the two times, neither included. */
function addStretch(
  ledgers: readonly SandboxEvent[][],
  length: number,
  fromNs: bigint,
  toNs: bigint,
  writer: EventWriter,
  prng: Prng,
): void {
  const spanNs = Number(toNs - fromNs) - 2;
  const write = (count: number): SandboxEvent[] =>
    Array.from({ length: count }, () =>
      writer.write(fromNs + 1n + BigInt(Math.floor(prng.fraction() * spanNs))),
    );

  const privateCount = Math.ceil(length * PRIVATE_SHARE);
  const sharedCount = length - privateCount;
  const pool = write(Math.ceil(sharedCount * POOL_FACTOR));
  for (const ledger of ledgers) {
    const stretch = [...write(privateCount), ...prng.sample(pool, sharedCount)];
    ledger.push(...stretch.sort((a, b) => (a.tsNs < b.tsNs ? -1 : a.tsNs > b.tsNs ? 1 : 0)));
  }
}

/** Adds `size` events of one `ts` to each ledger: the same ones, in another order. */
function addBurst(
  ledgers: readonly SandboxEvent[][],
  size: number,
  tsNs: bigint,
  writer: EventWriter,
  prng: Prng,
): void {
  const burst = Array.from({ length: size }, () => writer.write(tsNs));
  for (const ledger of ledgers) ledger.push(...prng.sample(burst, size));
}
