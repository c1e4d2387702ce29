import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventView } from '../../src/event/event-view.ts';
import {
  firstPosition,
  INT64_MAX,
  INT64_MIN,
  judgePage,
  MAX_PAGE_SIZE,
  type PagePosition,
  type PageStep,
} from '../../src/sync/page-step.ts';
import { NaiveServer } from './naive-server.ts';

function events(times: readonly (number | bigint)[], hostile?: EventView['hostile']): EventView[] {
  return times.map((ts) => ({ tsNs: BigInt(ts), hostile }) as EventView);
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);
const at = (cursor: bigint | number, more: Partial<PagePosition> = {}): PagePosition => ({
  ...firstPosition(BigInt(cursor), 4),
  knowsPages: true,
  ...more,
});

interface Case {
  title: string;
  asked: PagePosition;
  given: EventView[];
  nextCursor?: string;
  broken?: string;
  next?: Partial<PagePosition>;
  flaw?: { code: string; fromNs: bigint; toNs?: bigint };
  burstNs?: bigint;
  legacyCap?: number;
  isDisordered?: true;
}

/** What is later is not to be believed. */
const NOW_NS = 10n ** 18n;

const again = (cursor: bigint | number): PagePosition => at(cursor, { isSecondAsk: true });
const start = firstPosition(INT64_MIN, 4);
const old = (pageSize = 2000): PagePosition => firstPosition(INT64_MIN, pageSize);

const cases: Case[] = [
  // The end of the ledger.
  { title: 'an empty ledger', asked: start, given: [] },
  { title: 'a first page that is the last', asked: start, given: events([1, 2, 3]) },
  { title: 'a last page', asked: at(9), given: events([10, 11]) },
  { title: 'nothing after an exactly full last page', asked: at(9), given: [] },
  { title: 'a last page of one ts', asked: at(9), given: events([10, 10]) },
  {
    title: 'an exactly full last page: a cursor although nothing follows',
    asked: at(9),
    given: events([10, 11, 12, 13]),
    nextCursor: '13',
    next: { cursor: 12n },
  },
  {
    title: 'a last page of more than old servers give, asked for so: known to have pages',
    asked: at(9, { pageSize: 5000 }),
    given: events(range(10, 3000)),
  },

  // On to the next page.
  {
    title: 'a full first page: one nanosecond of overlap',
    asked: start,
    given: events([1, 2, 3, 4]),
    nextCursor: '4',
    next: { cursor: 3n, pageSize: 4, knowsPages: true, isProbe: false },
  },
  {
    title: 'a page that ends among events of one ts',
    asked: at(9),
    given: events([10, 11, 11, 11]),
    nextCursor: '11',
    next: { cursor: 10n, pageSize: 4 },
  },
  {
    title: 'a page of one ts at some distance: a larger one from just before it',
    asked: at(9),
    given: events([20, 20, 20, 20]),
    nextCursor: '20',
    next: { cursor: 19n, pageSize: MAX_PAGE_SIZE },
  },
  {
    title: 'a page of the ts next to the cursor: a larger one',
    asked: at(19),
    given: events([20, 20, 20, 20]),
    nextCursor: '20',
    next: { cursor: 19n, pageSize: MAX_PAGE_SIZE },
  },
  {
    title: 'the larger page got past it: back to the usual size',
    asked: at(19, { pageSize: MAX_PAGE_SIZE }),
    given: events([...range(20, 4000).map(() => 20), ...range(21, 1000)]),
    nextCursor: '1020',
    next: { cursor: 1019n, pageSize: 4 },
  },
  {
    title: 'even the largest page bears one ts: to be had otherwise, and on behind it',
    asked: at(19, { pageSize: MAX_PAGE_SIZE }),
    given: events(range(0, 5000).map(() => 20)),
    nextCursor: '20',
    next: { cursor: 20n, pageSize: 4 },
    burstNs: 20n,
  },
  {
    title: 'times before 1970, and the least that can be asked for',
    asked: start,
    given: events([INT64_MIN + 1n, INT64_MIN + 1n, INT64_MIN + 1n, INT64_MIN + 1n]),
    nextCursor: String(INT64_MIN + 1n),
    next: { cursor: INT64_MIN, pageSize: MAX_PAGE_SIZE },
  },
  {
    title: 'a far future: not past all that lies between',
    asked: at(9),
    given: events([10, 11, INT64_MAX, INT64_MAX]),
    nextCursor: String(INT64_MAX),
    next: { cursor: 10n },
  },
  {
    title: 'a far future beside one ts: a page of one ts',
    asked: at(9),
    given: events([10, INT64_MAX - 1n, INT64_MAX, INT64_MAX]),
    nextCursor: String(INT64_MAX),
    next: { cursor: 9n, pageSize: MAX_PAGE_SIZE },
  },
  {
    title: 'a far future and nothing beside it: on to it',
    asked: at(10),
    given: events([INT64_MAX - 1n, INT64_MAX - 1n, INT64_MAX, INT64_MAX]),
    nextCursor: String(INT64_MAX),
    next: { cursor: INT64_MAX - 1n },
  },
  {
    title: 'a small page of one ts although a large one was asked for: asked again',
    asked: at(19, { pageSize: MAX_PAGE_SIZE }),
    given: events([20, 20, 20, 20]),
    nextCursor: '20',
    next: { cursor: 19n, pageSize: MAX_PAGE_SIZE, isSecondAsk: true },
  },
  {
    title: 'the same small page again: a server with a bound of its own',
    asked: at(19, { pageSize: MAX_PAGE_SIZE, isSecondAsk: true }),
    given: events([20, 20, 20, 20]),
    nextCursor: '20',
    next: { cursor: 20n, pageSize: 4 },
    burstNs: 20n,
  },
  {
    title: 'the last ts there is',
    asked: at(10n ** 18n + 10n ** 12n),
    given: events([INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX]),
    nextCursor: String(INT64_MAX),
    next: { cursor: INT64_MAX - 1n, pageSize: MAX_PAGE_SIZE },
  },
  {
    title: 'fewer events than asked for, but a cursor: the server has a bound of its own',
    asked: at(9),
    given: events([10, 12]),
    nextCursor: '12',
    next: { cursor: 11n },
  },
  {
    title: 'a cursor beyond the events: only what was seen counts',
    asked: at(9),
    given: events([10, 11, 12, 13]),
    nextCursor: '1000',
    next: { cursor: 12n },
  },
  {
    title: 'hostile events have no time, wherever they claim to be',
    asked: at(9),
    given: [...events([10, 11]), ...events([0, 99], 'duplicate-key')],
    nextCursor: '11',
    next: { cursor: 10n },
  },
  {
    title: 'a page of hostile events: on by the cursor',
    asked: at(9),
    given: events([0, 0, 0, 0], 'number-range'),
    nextCursor: '15',
    next: { cursor: 14n },
  },

  // Pages out of order: kept, and on from where they can be taken to be whole.
  {
    title: 'out of order: on from the cursor, which is that of the event that stands last',
    asked: at(9),
    given: events([14, 11, 10, 12]),
    nextCursor: '12',
    next: { cursor: 11n },
    isDisordered: true,
  },
  {
    title: 'out of order, the oldest last: on from the newest',
    asked: at(9),
    given: events([14, 11, 12, 10]),
    nextCursor: '10',
    next: { cursor: 13n },
    isDisordered: true,
  },
  {
    title: 'an event from before the cursor among newer ones',
    asked: at(9),
    given: events([1, 10, 11, 12]),
    nextCursor: '12',
    next: { cursor: 11n },
    isDisordered: true,
  },
  {
    title: 'a last page out of order',
    asked: at(9),
    given: events([12, 10, 11]),
    isDisordered: true,
  },

  // Cursors that lead nowhere. Missing is what follows the newest event, some of its own ts included.
  {
    title: 'a page that leads nowhere, for the first time: asked again',
    asked: at(9),
    given: events([1, 2, 3, 4]),
    nextCursor: '4',
    next: { cursor: 9n, pageSize: 4, isSecondAsk: true },
  },
  ...['9', '8', '-5', '10'].map((nextCursor) => ({
    title: `a cursor that does not advance: ${nextCursor}`,
    asked: again(9),
    given: events([11, 12, 13, 14]),
    nextCursor,
    flaw: { code: 'PEER_CURSOR', fromNs: 14n },
  })),
  {
    title: 'nothing beyond the cursor but its own ts',
    asked: again(9),
    given: events([7, 8, 9, 10]),
    nextCursor: '10',
    flaw: { code: 'PEER_CURSOR', fromNs: 10n },
  },
  {
    title: 'the first page again and again',
    asked: again(9),
    given: events([1, 2, 3, 4]),
    nextCursor: '4',
    flaw: { code: 'PEER_CURSOR', fromNs: 10n },
  },
  {
    title: 'the first page again, as if it were the last',
    asked: again(9),
    given: events([1, 2, 3]),
    flaw: { code: 'PEER_CURSOR', fromNs: 10n },
  },
  {
    title: 'a cursor, but no events',
    asked: again(9),
    given: [],
    nextCursor: '12',
    flaw: { code: 'PEER_CURSOR', fromNs: 10n },
  },
  ...[
    '',
    ' 13',
    '13 ',
    '+13',
    '1e3',
    '0x1f',
    '13.0',
    '９',
    'NaN',
    '-',
    '9223372036854775808',
    '-9223372036854775809',
    '1'.repeat(5000),
  ].map((nextCursor) => ({
    title: `a cursor that is no time: "${nextCursor.slice(0, 30)}"`,
    asked: at(9),
    given: events([10, 11, 12, 13]),
    nextCursor,
    flaw: { code: 'PEER_MALFORMED', fromNs: 13n },
  })),
  {
    title: 'a body that breaks off: what stood before it is had',
    asked: at(9),
    given: events([10, 11]),
    broken: 'no answer of a nara from byte 7 on',
    flaw: { code: 'PEER_MALFORMED', fromNs: 11n },
  },
  {
    title: 'a body that breaks off, out of order: any of it may be missing',
    asked: at(9),
    given: events([14, 11]),
    broken: 'no answer of a nara from byte 7 on',
    flaw: { code: 'PEER_MALFORMED', fromNs: 10n },
  },
  {
    title: 'a body that breaks off behind the far future: what is missing begins before that',
    asked: at(9),
    given: events([10, 11, INT64_MAX]),
    broken: 'no answer of a nara from byte 7 on',
    flaw: { code: 'PEER_MALFORMED', fromNs: 11n },
  },

  // Servers without page mode.
  { title: 'a small old ledger, whatever was asked for', asked: old(), given: events(range(1, 1999)) },
  {
    title: 'more than was asked for, no cursor: a probe',
    asked: old(4),
    given: events(range(1, 60)),
    next: { cursor: 60n, pageSize: 4, knowsPages: false, isProbe: true },
  },
  {
    title: 'the same 60 again: an old server that gave all it has',
    asked: at(60, { knowsPages: false, isProbe: true }),
    given: events(range(1, 60)),
  },
  {
    title: 'as many as old servers give, no cursor: a probe',
    asked: old(),
    given: events(range(1, 2000)),
    next: { cursor: 2000n, isProbe: true },
  },
  {
    title: 'as many as old servers give, though 5000 were asked for: a probe',
    asked: old(5000),
    given: events(range(1, 2000)),
    next: { cursor: 2000n, isProbe: true },
  },
  {
    title: 'nothing newer: it was the last page',
    asked: at(2000, { knowsPages: false, isProbe: true, pageSize: 5000 }),
    given: [],
  },
  {
    title: 'something newer: it came while we asked',
    asked: at(2000, { knowsPages: false, isProbe: true, pageSize: 5000 }),
    given: events([2001]),
  },
  {
    title: 'the newest 2000 again: a server without pages',
    asked: at(3000, { knowsPages: false, isProbe: true, pageSize: 2000 }),
    given: events(range(1001, 2000)),
    legacyCap: 2000,
  },
  {
    title: 'the newest 2000 from before the time asked for: no probe is needed',
    asked: firstPosition(2500n, 2000),
    given: events(range(1001, 2000)),
    legacyCap: 2000,
  },
  {
    title: 'a full page of hostile events, no cursor: there is no way on',
    asked: old(),
    given: events(range(0, 2000), 'wrong-type'),
    flaw: { code: 'PEER_CURSOR', fromNs: INT64_MIN + 1n },
  },
];

describe('judgePage', () => {
  it.each(cases)('$title', ({ asked, given, nextCursor, broken, next, flaw, ...rest }) => {
    const step = judgePage(asked, 4, { events: given, nextCursor, broken }, NOW_NS);
    if (next === undefined) expect(step.next).toBeUndefined();
    else expect(step.next).toMatchObject({ isProbe: false, isSecondAsk: false, ...next });
    const { burstNs, legacyCap, isDisordered } = step;
    expect({ burstNs, legacyCap, isDisordered }).toEqual({
      burstNs: rest.burstNs,
      legacyCap: rest.legacyCap,
      isDisordered: rest.isDisordered,
    });
    const { error, ...times } = step.flaw ?? {};
    expect(error && { code: error.code, ...times }).toEqual(flaw);
  });

  it('says no more of a cursor than fits a line', () => {
    const answer = { events: events([10]), nextCursor: 'x'.repeat(1 << 20), broken: undefined };
    const step = judgePage(at(9), 4, answer, NOW_NS);
    expect(step.flaw?.error.message.length).toBeLessThan(100);
  });

  it('always goes forward: to a later cursor, or once to a larger page, or once asks again', () => {
    const ts = fc.bigInt({ min: -3n, max: 12n });
    const answer = fc.record({
      events: fc.array(
        fc.record({
          tsNs: ts,
          hostile: fc.constantFrom(undefined, undefined, 'too-deep'),
        }) as fc.Arbitrary<EventView>,
        { maxLength: 8 },
      ),
      nextCursor: fc.option(ts.map(String), { nil: undefined }),
      broken: fc.constant(undefined),
    });
    const asked = fc.record({
      cursor: ts,
      pageSize: fc.constantFrom(1, 3, MAX_PAGE_SIZE),
      knowsPages: fc.boolean(),
      isProbe: fc.boolean(),
      isSecondAsk: fc.boolean(),
    });
    const size = fc.constantFrom(1, 3, MAX_PAGE_SIZE);
    const now = fc.constantFrom(-(10n ** 12n), 5n - 300n * 10n ** 9n, NOW_NS);
    fc.assert(
      fc.property(asked, answer, size, now, (position, page, basePageSize, nowNs) => {
        const { next } = judgePage(position, basePageSize, page, nowNs);
        if (next === undefined) return;
        const isSamePlace = next.cursor === position.cursor && next.pageSize === position.pageSize;
        const isForward =
          next.cursor > position.cursor ||
          (next.cursor === position.cursor && next.pageSize > position.pageSize) ||
          (isSamePlace && next.isSecondAsk && !position.isSecondAsk);
        expect(isForward).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

interface NaiveWalk {
  given: Set<number>;
  bursts: Set<bigint>;
  otherFlaws: string[];
}

function walk(server: NaiveServer, pageSize: number, sinceNs = INT64_MIN): NaiveWalk {
  const found: NaiveWalk = { given: new Set(), bursts: new Set(), otherFlaws: [] };
  let position: PagePosition | undefined = firstPosition(sinceNs, pageSize);
  for (let steps = 0; position !== undefined; steps++) {
    if (steps > 20_000) throw new Error('it does not end');
    const answer = server.page(position);
    for (const index of answer.indices) found.given.add(index);
    const { next, flaw, burstNs }: PageStep = judgePage(position, pageSize, answer, NOW_NS);
    if (burstNs !== undefined) found.bursts.add(burstNs);
    if (flaw !== undefined) found.otherFlaws.push(flaw.error.code);
    position = next;
  }
  return found;
}

describe('a walk by judgePage', () => {
  it('gets all events of a naive server, but where no page can hold those of one ts', () => {
    const size = fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 12 }) },
      { weight: 2, arbitrary: fc.integer({ min: 1990, max: 2010 }) },
      { weight: 1, arbitrary: fc.integer({ min: 4996, max: 5004 }) },
    );
    const ledger = fc
      .array(fc.record({ gapNs: fc.constantFrom(1n, 1n, 2n, 1000n), size }), { maxLength: 25 })
      .map((groups) => {
        let ts = -5n;
        return groups.map(({ gapNs, size: count }) => ({ ts: (ts += gapNs), count }));
      });
    const pageSize = fc.constantFrom(1, 2, 3, 7, 50, 2000, 4999, 5000);
    fc.assert(
      fc.property(ledger, pageSize, (groups, size) => {
        const server = new NaiveServer(groups);
        const { given, bursts, otherFlaws } = walk(server, size);
        // Exactly as many as a page holds cannot be told from more.
        const giants = groups.filter(({ count }) => count >= MAX_PAGE_SIZE).map(({ ts }) => ts);
        expect([...bursts].sort()).toEqual(giants.sort());
        expect(otherFlaws).toEqual([]);
        const lost = server.times.filter((_ts, index) => !given.has(index));
        for (const ts of lost) expect(bursts.has(ts)).toBe(true);
        const overfull = groups.filter(({ count }) => count > MAX_PAGE_SIZE);
        expect(lost).toHaveLength(overfull.reduce((sum, { count }) => sum + count - MAX_PAGE_SIZE, 0));
      }),
      { numRuns: 300 },
    );
  });
});
