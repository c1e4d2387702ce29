import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventBytes } from '../../src/event/event-view.ts';
import { SeenEvents } from '../../src/sync/seen-events.ts';
import { SliceRounds, type RoundsOptions, type ScopeFetcher } from '../../src/sync/slice-rounds.ts';
import { NaiveSlices, type NaiveOptions } from './naive-slices.ts';

const SERVICES = ['ping', 'seen', 'social'];
const LAST_NS = 10n ** 6n;

interface Outcome {
  isSettled: boolean;
  /** Events that were there from start to end and were not given. */
  missing: number;
  given: number;
  repeats: number;
  rounds: SliceRounds;
}

async function gather(server: NaiveSlices, more: Partial<RoundsOptions> = {}): Promise<Outcome> {
  const start = new Set(server.held);
  const tally = { given: 0, repeats: 0 };
  const rounds = new SliceRounds({
    fetcher: server.fetcher,
    seen: new SeenEvents(),
    services: SERVICES,
    together: {},
    untilNs: LAST_NS,
    confirm: (distinct) => {
      const { together, untilNs = LAST_NS } = more;
      return Promise.resolve(server.confirm(together?.services, untilNs, distinct));
    },
    onGiven: (events, fresh) => {
      tally.given += events.length;
      tally.repeats += events.length - fresh.length;
    },
    ...more,
  });
  const lines = new Set<string>();
  for await (const events of rounds.pages()) {
    for (const event of events) {
      const line = eventBytes(event).toString();
      expect(lines.has(line)).toBe(false);
      lines.add(line);
    }
  }
  const stayed = server.held.filter((event) => start.has(event));
  const missing = stayed.filter(({ line }) => !lines.has(line)).length;
  expect(tally.given - tally.repeats).toBe(lines.size);
  return { isSettled: rounds.isSettled, missing, ...tally, rounds };
}

const base: NaiveOptions = {
  cap: 20,
  ties: Array<number>(60).fill(3),
  services: SERVICES,
  names: 12,
  seed: 'base',
  isUnstable: false,
  movesPerAnswer: 0,
};

describe('a server that gives its newest 20', () => {
  it('is asked once where that is all', async () => {
    const server = new NaiveSlices({ ...base, ties: [3, 3] });
    expect(await gather(server)).toMatchObject({ isSettled: true, missing: 0, given: 6 });
    expect(server.answers).toBe(1);
  });

  it('gives all by services, each of one moment', async () => {
    const server = new NaiveSlices({ ...base, ties: Array<number>(45).fill(1) });
    const { isSettled, missing, given } = await gather(server);
    expect([isSettled, missing]).toEqual([true, 0]);
    expect(given).toBeLessThan(4 * 45);
  });

  it('gives all by slices where it sorts alike each time, for little more than twice its ledger', async () => {
    const server = new NaiveSlices(base);
    const { isSettled, missing, given } = await gather(server);
    expect([isSettled, missing]).toEqual([true, 0]);
    expect(given).toBeLessThan(4 * 180);
  });

  it('gives all by names where it sorts ties in any order', async () => {
    const server = new NaiveSlices({ ...base, isUnstable: true, ties: Array<number>(6).fill(30) });
    expect(await gather(server)).toMatchObject({ isSettled: true, missing: 0 });
  });

  it('shows services that nobody named', async () => {
    const server = new NaiveSlices({ ...base, services: [...SERVICES, 'dream'] });
    expect(await gather(server)).toMatchObject({ isSettled: true, missing: 0 });
  });

  it('is asked for the services named, and no others', async () => {
    const server = new NaiveSlices(base);
    const services = ['ping'];
    const { isSettled, missing } = await gather(server, { services, together: { services } });
    expect(isSettled).toBe(true);
    expect(missing).toBe(server.held.filter(({ svc }) => svc !== 'ping').length);
  });
});

describe('the end of the rounds', () => {
  it('comes when tries are used up, and says how many the last one added', async () => {
    // One name for all: names cut nothing, and ties fall anywhere.
    const server = new NaiveSlices({ ...base, names: 1, isUnstable: true, ties: [2500] });
    const { isSettled, rounds } = await gather(server);
    expect(isSettled).toBe(false);
    expect(rounds.rounds).toBe(8);
    expect(rounds.lastAdded).toBeGreaterThan(0);
  });

  it('comes at once where slices change nothing', async () => {
    const server = new NaiveSlices(base);
    const { fetcher } = server;
    const deaf: ScopeFetcher = {
      ...fetcher,
      fetchSlice: async (scope) => ({ ...(await fetcher.fetchSlice(scope, 0, 1)), isFull: true }),
    };
    const { isSettled } = await gather(server, { fetcher: deaf });
    expect(isSettled).toBe(false);
    expect(server.answers).toBeLessThan(40);
  });

  it('is not told by a number that fits because as many went as are strange', async () => {
    const oldest = { svc: 'dream', count: 10 };
    const server = new NaiveSlices({ ...base, oldest, ties: Array<number>(60).fill(1) });
    const { fetcher } = server;
    let wholes = 0;
    const losing: ScopeFetcher = {
      ...fetcher,
      fetchWhole: async (scope) => {
        const whole = await fetcher.fetchWhole(scope);
        // Once all pings are given, as many go as there are dreams.
        if (++wholes === 2) for (let at = 0; at < oldest.count; at++) server.remove('ping', 0);
        return whole;
      },
    };
    expect(await gather(server, { fetcher: losing })).toMatchObject({ isSettled: true, missing: 0 });
  });

  it('comes as soon as there are as many as the server says, and not before', async () => {
    const server = new NaiveSlices(base);
    const asked: number[] = [];
    const confirm = (distinct: number): Promise<boolean> => {
      asked.push(distinct);
      return Promise.resolve(distinct >= 180);
    };
    expect(await gather(server, { together: undefined, confirm })).toMatchObject({
      isSettled: true,
      missing: 0,
    });
    expect(asked).toEqual([0, 180]);
    const never = await gather(new NaiveSlices(base), {
      together: undefined,
      confirm: () => Promise.resolve(false),
    });
    expect(never).toMatchObject({ isSettled: false, missing: 0 });
  });

  it('does not wait for events that come after those that are looked for', async () => {
    const server = new NaiveSlices({
      ...base,
      ties: [...Array<number>(30).fill(3), 1, 1, 1],
      movesPerAnswer: 0,
    });
    const { isSettled, rounds } = await gather(server, { untilNs: 30n });
    expect([isSettled, rounds.distinct]).toEqual([true, 90]);
  });
});

it('goes on where it failed', async () => {
  const server = new NaiveSlices({ ...base, isUnstable: true });
  const { fetcher } = server;
  let left = 12;
  const failing: ScopeFetcher = {
    ...fetcher,
    fetchSlice: (...asked) =>
      left-- === 0 ? Promise.reject(new Error('cut')) : fetcher.fetchSlice(...asked),
  };
  const seen = new SeenEvents();
  const rounds = new SliceRounds({
    fetcher: failing,
    seen,
    services: SERVICES,
    together: {},
    untilNs: LAST_NS,
    confirm: (distinct) => Promise.resolve(server.confirm(undefined, LAST_NS, distinct)),
    onGiven: () => undefined,
  });
  const drain = async (): Promise<void> => {
    for await (const events of rounds.pages()) expect(events.length).toBeLessThanOrEqual(20);
  };
  await expect(drain()).rejects.toThrow('cut');
  await drain();
  expect([rounds.isSettled, seen.count]).toEqual([true, 180]);
});

it('gets all that stays in a ledger, however it moves and sorts, or says that it did not', async () => {
  const options = fc.record({
    cap: fc.integer({ min: 5, max: 40 }),
    ties: fc.array(
      fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.integer({ min: 1, max: 60 })),
      {
        minLength: 1,
        maxLength: 40,
      },
    ),
    services: fc.constantFrom(SERVICES, ['ping'], [...SERVICES, 'dream']),
    names: fc.integer({ min: 2, max: 40 }),
    seed: fc.string(),
    isUnstable: fc.boolean(),
    isNameless: fc.constantFrom(false, false, true),
    movesPerAnswer: fc.constantFrom(0, 0, 1, 3),
  });
  let settled = 0;
  await fc.assert(
    fc.asyncProperty(options, async (one) => {
      const { isSettled, missing } = await gather(new NaiveSlices(one));
      if (isSettled) settled++;
      if (isSettled) expect(missing).toBe(0);
    }),
    { numRuns: 3000, seed: 6 },
  );
  expect(settled).toBeGreaterThan(2000);
});
