import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { asked, lostInSilence, startBob, walk, type Walked } from './walking.ts';

const SERVICES = ['seen', 'ping', 'social', 'observation', 'hey-there', 'chau', 'checkpoint'];

const seen = (tsNs: bigint, at: number, name = 'a'): SandboxEvent =>
  makeEvent({ tsNs, svc: 'seen', payload: { observer: name, subject: 'b', via: `${at}` } });
const ping = (tsNs: bigint, at: number): SandboxEvent =>
  makeEvent({ tsNs, svc: 'ping', payload: { observer: `n${at % 40}`, target: 'b', rtt: at + 1 } });
const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

function expectAll(walked: Walked, events: readonly SandboxEvent[]): void {
  expect(walked).toMatchObject({ state: 'complete', codes: [], report: { proven: true } });
  const got = new Set(walked.lines);
  expect(events.filter(({ line }) => !got.has(line))).toEqual([]);
}

describe('a burst in a ledger of all services', () => {
  it.each([4999, 5000, 5001, 6000, 12_000])('of %i events comes out whole', async (middleBurst) => {
    const events = makeHistory({ naras: 1, eventsPerNara: middleBurst + 3000, middleBurst }).ledgers[0]!;
    expect(Math.max(...countByTs(events).values())).toBe(middleBurst);
    const nara = await startBob([], { events });
    expectAll(await walk(nara.url, { pageSize: 2000 }), events);
  });

  it.each([4999, 5000, 5001])('of %i events comes out whole in pages of 5000', async (middleBurst) => {
    const events = makeHistory({ naras: 1, eventsPerNara: middleBurst + 3000, middleBurst }).ledgers[0]!;
    const nara = await startBob([], { events });
    expectAll(await walk(nara.url, { pageSize: 5000 }), events);
  });

  it('of 20,000 events costs little more than they cost apart', async () => {
    const options = { naras: 1, eventsPerNara: 26_000 };
    const cost = async (middleBurst?: number): Promise<number> => {
      const events = makeHistory({ ...options, ...(middleBurst && { middleBurst }) }).ledgers[0]!;
      const walked = await walk((await startBob([], { events })).url, { pageSize: 2000 });
      expectAll(walked, events);
      return walked.report.bytes;
    };
    expect((await cost(20_000)) / (await cost())).toBeLessThan(2.5);
  });
});

function countByTs(events: readonly SandboxEvent[]): Map<bigint, number> {
  const counts = new Map<bigint, number>();
  for (const { tsNs } of events) counts.set(tsNs, (counts.get(tsNs) ?? 0) + 1);
  return counts;
}

describe('a burst of one service', () => {
  it.each([
    ['at the end of the ledger', 0],
    ['with much that is newer', 7000],
  ])('is had by slices: %s', async (_what, newer) => {
    const events = [
      ...many(30, (at) => seen(1n, at)),
      ...many(6000, (at) => ping(10n, at)),
      ...many(newer, (at) => ping(20n + BigInt(at), at)),
    ];
    const nara = await startBob([], { events });
    expectAll(await walk(nara.url, { pageSize: 2000 }), events);
    expect(nara.requests.some(({ body }) => body.includes('"slice_index":2,'))).toBe(true);
  });

  it('of exactly 5000 is known to be whole by one more request', async () => {
    const events = many(5000, (at) => ping(10n, at));
    const nara = await startBob([], { events });
    expectAll(await walk(nara.url, { pageSize: 2000 }), events);
    expect(nara.requests.filter(({ body }) => body.includes('slice_index'))).toHaveLength(1);
  });

  it('that was asked for alone asks for no other', async () => {
    const events = [...many(5600, (at) => ping(10n, at)), ...many(5600, (at) => seen(10n, at))];
    const nara = await startBob([], { events });
    const services = ['ping'];
    expectAll(await walk(nara.url, { pageSize: 2000, services }), events.slice(0, 5600));
    expect(asked(nara).every((one) => one.services?.join() === 'ping')).toBe(true);
  });

  it('may move while it is fetched', async () => {
    const events = [
      ...many(9000, (at) => ping(10n, at)),
      ...many(9000, (at) => seen(10n + BigInt(at), at, `n${at % 40}`)),
    ];
    const nara = await startBob(['moving'], { events });
    const atStart = new Set(nara.ledger);
    const walked = await walk(nara.url, { pageSize: 2000 });
    const stayed = nara.ledger.filter((event) => atStart.has(event));
    const got = new Set(walked.lines);
    const missing = stayed.filter(
      ({ line, tsNs }) => !got.has(line) && !(tsNs === 10n && walked.codes.includes('PEER_BURST')),
    );
    expect(missing).toEqual([]);
  });
});

it('what even slices do not reach is named, with its ts, and the walk goes on behind it', async () => {
  // A service that the walk cannot know: none of the pages that it sees shows it.
  const hidden = many(40, (at) => makeEvent({ tsNs: 10n, svc: 'dream', payload: { of: `${at}` } }));
  const events = [...many(8000, (at) => ping(10n, at)), ...hidden, ...many(50, (at) => seen(30n, at))];
  const nara = await startBob([], { events });
  const walked = await walk(nara.url, { pageSize: 2000 });
  expect(walked).toMatchObject({ state: 'incomplete', codes: ['PEER_BURST'] });
  expect(walked.report.flaws[0]).toMatchObject({ fromNs: 10n, toNs: 10n });
  expect(walked.report.flaws[0]!.error.message).toContain('8000 events bear the ts 10');
  expect(lostInSilence(nara, walked)).toEqual([]);
  const got = new Set(walked.lines);
  expect(events.filter(({ line }) => !got.has(line))).toEqual(hidden);
});

it('any ledger comes out whole, whatever its bursts and services', async () => {
  const group = fc.record({
    size: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 30 }) },
      { weight: 1, arbitrary: fc.integer({ min: 4995, max: 5005 }) },
      { weight: 1, arbitrary: fc.integer({ min: 5006, max: 9000 }) },
    ),
    services: fc.integer({ min: 1, max: 3 }),
    gapNs: fc.constantFrom(1n, 2n, 1000n),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(group, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(50, 2000, 5000),
      async (groups, pageSize) => {
        let tsNs = 0n;
        const events = groups.flatMap(({ size, services, gapNs }) => {
          tsNs += gapNs;
          return many(size, (at) =>
            at % services === 0
              ? ping(tsNs, at)
              : at % services === 1
                ? seen(tsNs, at, `n${at % 30}`)
                : tease(tsNs, at),
          );
        });
        const nara = await startBob([], { events });
        expectAll(await walk(nara.url, { pageSize }), events);
      },
    ),
    { numRuns: 12, seed: 7 },
  );
});

const tease = (tsNs: bigint, at: number): SandboxEvent =>
  makeEvent({
    tsNs,
    svc: 'social',
    payload: { type: 'tease', actor: `n${at % 30}`, target: 'b', reason: `${at}` },
  });

it('asks for the seven services', async () => {
  const nara = await startBob([], { events: many(5001, (at) => ping(10n, at)) });
  await walk(nara.url);
  const single = asked(nara).map(({ services }) => services?.[0]);
  for (const service of SERVICES) expect(single).toContain(service);
});
