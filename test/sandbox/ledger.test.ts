import { describe, expect, it } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { Ledger, type Selection } from '../../src/sandbox/ledger.ts';
import { parseSyncRequest } from '../../src/sandbox/sync-request.ts';

const truth = makeHistory({ naras: 1, eventsPerNara: 12_100 }).ledgers[0]!;
const ledger = new Ledger(truth);
const old = new Ledger(truth, true);

function select(from: Ledger, parameters: object): Selection {
  return from.select(parseSyncRequest(JSON.stringify({ from: 'x', ...parameters }))!);
}

/** What a client collects that follows the last event's `ts`, stepping back `overlapNs` each time. */
function walk(pageSize: number, overlapNs: bigint): Set<string> {
  const ids = new Set<string>();
  let cursor = '-9223372036854775808';
  for (;;) {
    const { events, nextCursor } = select(ledger, { mode: 'page', page_size: pageSize, cursor });
    for (const { id } of events) ids.add(id);
    if (nextCursor === undefined) return ids;
    cursor = String(BigInt(nextCursor) - overlapNs);
  }
}

describe('page mode', () => {
  it('loses events between two pages of one ts, and none with one nanosecond of overlap', () => {
    expect(walk(2000, 0n).size).toBeLessThan(truth.length);
    // 3000, because the history holds a burst that no page of 2000 can hold.
    expect(walk(3000, 1n).size).toBe(truth.length);
  });

  it('gives a next cursor with every full page, the last one too', () => {
    const last = select(ledger, { mode: 'page', page_size: 3, cursor: String(truth.at(-4)!.tsNs) });
    expect(last).toEqual({ events: truth.slice(-3), nextCursor: String(truth.at(-1)!.tsNs) });
    expect(select(ledger, { mode: 'page', page_size: 3, cursor: last.nextCursor })).toEqual({ events: [] });
    expect(select(ledger, { mode: 'page', page_size: 4, cursor: String(truth.at(-4)!.tsNs) })).toEqual({
      events: truth.slice(-3),
    });
  });

  it.each([0, -1, 5001, undefined])('takes page_size %s as 5000', (page_size) => {
    expect(select(ledger, { mode: 'page', page_size }).events).toHaveLength(5000);
  });

  const seen = (tsNs: bigint) =>
    makeEvent({ tsNs, svc: 'seen', payload: { observer: 'a', subject: 'b', via: 'c' } });
  const odd = new Ledger([seen(5n), seen(-3n), seen(0n), seen(9n)]);
  const stamps = (cursor: unknown): bigint[] =>
    select(odd, { mode: 'page', cursor }).events.map((event) => event.tsNs);

  it.each(['', ' 5', '5 ', '1e3', '5.0', '0x5', '9223372036854775808', 'x', '1_0'])(
    'starts again from the beginning at cursor "%s"',
    (cursor) => {
      expect(stamps(cursor)).toEqual([5n, 9n]);
    },
  );

  it('shows ts of 0 and less to the lowest cursor', () => {
    expect(stamps('-9223372036854775808')).toEqual([-3n, 0n, 5n, 9n]);
    expect(stamps('-3')).toEqual([0n, 5n, 9n]);
    expect(stamps('+5')).toEqual([9n]);
  });
});

describe('the other modes', () => {
  it('recent: the newest, newest first', () => {
    expect(select(ledger, { mode: 'recent', limit: 7 }).events).toEqual(truth.slice(-7).reverse());
    expect(select(ledger, { mode: 'recent' }).events).toHaveLength(100);
  });

  it('sample: all critical ones and some others, oldest first', () => {
    const critical = truth.filter((event) => event.critical);
    const { events } = select(ledger, { mode: 'sample', sample_size: critical.length + 10 });
    expect(events).toHaveLength(critical.length + 10);
    expect(events.filter((event) => event.critical)).toEqual(critical);
    expect(truth.filter((event) => events.includes(event))).toEqual(events);
  });

  it('legacy: the newest of what is newer than since_time, and slices of it', () => {
    expect(select(ledger, { max_events: 9 }).events).toEqual(truth.slice(-9));
    expect(select(ledger, { mode: 'whatever' }).events).toEqual(truth.slice(-5000));
    const since = truth.at(-4)!.tsNs;
    const exact = parseSyncRequest(`{"from":"x","since_time":${since}}`)!;
    expect(ledger.select(exact).events).toEqual(truth.slice(-3));
    const slices = [0, 1, 2].map((slice_index) => select(ledger, { slice_index, slice_total: 3 }).events);
    expect(new Set(slices.flat()).size).toBe(truth.length);
    expect(slices[1]![0]).toBe(truth[1]);
    expect(select(ledger, { slice_index: 3, slice_total: 3 }).events).toEqual(slices[0]);
  });

  it('an old server knows no modes and gives 2000', () => {
    const page = { mode: 'page', page_size: 5000, cursor: '-9223372036854775808' };
    expect(select(old, page)).toEqual({ events: truth.slice(-2000) });
    expect(select(old, { ...page, max_events: 2001 }).events).toHaveLength(2000);
    expect(select(old, { ...page, max_events: 3 }).events).toEqual(truth.slice(-3));
  });
});

it('filters by services and subjects, which are actor and target and never the emitter', () => {
  const services = select(ledger, { mode: 'page', services: ['chau', 'checkpoint'] }).events;
  expect(services).toEqual(truth.filter(({ svc }) => svc === 'chau' || svc === 'checkpoint').slice(0, 5000));
  const signer = { name: 'carol', naraId: '', sign: () => '' };
  const payload = { observer: 'alice', subject: 'bob', via: 'mesh' };
  const one = new Ledger([makeEvent({ tsNs: 1n, svc: 'seen', payload, signer })]);
  const count = (subject: string): number => select(one, { subjects: [subject] }).events.length;
  expect(['alice', 'bob', 'carol'].map(count)).toEqual([1, 1, 0]);
});
