import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPolicy, isEmpty, type Policy } from '../../src/keeping/policy.ts';
import { before, formatSpan, parseSpan } from '../../src/keeping/span.ts';

interface Item {
  readonly timeMs: number;
}

const at = (text: string): Item => ({ timeMs: Date.parse(`${text}Z`) });

/** What is kept, oldest first, as `time: reasons`. */
function keep(times: readonly string[], policy: Policy): string[] {
  return applyPolicy(times.map(at), policy)
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ item, reasons }) => `${new Date(item.timeMs).toISOString().slice(0, 16)}: ${reasons.join(', ')}`)
    .reverse();
}

describe('restic’s meanings', () => {
  test('last: the newest n, whatever their times', () => {
    const times = ['2026-11-18T03:00', '2026-11-20T03:00', '2026-11-20T03:01', '2026-11-19T03:00'];
    expect(keep(times, { last: 2 })).toEqual(['2026-11-20T03:00: last 2', '2026-11-20T03:01: last 1']);
  });

  test('daily: the newest of a day, and days without one do not count', () => {
    const times = [
      '2026-10-01T12:00',
      '2026-11-10T23:59',
      '2026-11-11T00:00',
      '2026-11-20T01:00',
      '2026-11-20T02:00',
    ];
    expect(keep(times, { daily: 3 })).toEqual([
      '2026-11-10T23:59: daily 2026-11-10',
      '2026-11-11T00:00: daily 2026-11-11',
      '2026-11-20T02:00: daily 2026-11-20',
    ]);
  });

  // restic's documentation: "if there are not enough snapshots for a keep-* rule, the oldest is kept as well".
  test('the oldest of all is kept while there are fewer buckets than wanted', () => {
    const times = ['2026-11-20T01:00', '2026-11-20T02:00', '2026-11-20T03:00', '2026-11-21T03:00'];
    expect(keep(times, { daily: 3 })).toEqual([
      '2026-11-20T01:00: oldest daily 2026-11-20',
      '2026-11-20T03:00: daily 2026-11-20',
      '2026-11-21T03:00: daily 2026-11-21',
    ]);
    expect(keep(times, { daily: 2 })).toEqual([
      '2026-11-20T03:00: daily 2026-11-20',
      '2026-11-21T03:00: daily 2026-11-21',
    ]);
  });

  // Its documentation's example: on Sundays for weeks, keep-daily 4.
  test('one a Sunday for twelve weeks, keep-daily 4: the last four, though they are weeks apart', () => {
    const sundays = Array.from({ length: 12 }, (_, week) =>
      new Date(Date.parse('2014-09-07T10:20:00Z') + week * 7 * 86_400_000).toISOString().slice(0, 16),
    );
    expect(keep(sundays, { daily: 4 }).map((text) => text.slice(0, 10))).toEqual([
      '2014-11-02',
      '2014-11-09',
      '2014-11-16',
      '2014-11-23',
    ]);
  });

  test('weeks are those of ISO 8601: they begin on Monday, and the year’s end may lie in the next one’s first', () => {
    const times = [
      '2024-12-29T23:59',
      '2024-12-30T00:00',
      '2025-01-05T12:00',
      '2026-12-31T12:00',
      '2027-01-03T12:00',
    ];
    expect(keep(times, { weekly: Infinity })).toEqual([
      '2024-12-29T23:59: weekly 2024-W52',
      '2025-01-05T12:00: weekly 2025-W01',
      '2027-01-03T12:00: weekly 2026-W53',
    ]);
  });

  test('hours, months and years, with all reasons of one', () => {
    const times = ['2025-12-31T23:10', '2026-11-01T00:00', '2026-11-20T14:05', '2026-11-20T14:59'];
    expect(keep(times, { hourly: 1, monthly: 2, yearly: 2 })).toEqual([
      '2025-12-31T23:10: monthly 2025-12, yearly 2025',
      '2026-11-20T14:59: hourly 2026-11-20 14h, monthly 2026-11, yearly 2026',
    ]);
  });

  test('within counts back from the newest, and what lies exactly so far back is outside', () => {
    const times = ['2020-01-01T00:00', '2020-01-01T00:01', '2020-01-31T00:00'];
    expect(keep(times, { within: parseSpan('30d') })).toEqual([
      '2020-01-01T00:01: within 30d',
      '2020-01-31T00:00: within 30d',
    ]);
  });

  test('what several rules keep bears all reasons; what none keeps bears none', () => {
    const judged = applyPolicy([at('2026-11-20T03:00'), at('2026-11-19T03:00'), at('2026-11-19T01:00')], {
      last: 1,
      daily: 2,
    });
    expect(judged.map(({ reasons }) => reasons)).toEqual([
      ['last 1', 'daily 2026-11-20'],
      ['daily 2026-11-19'],
      [],
    ]);
  });
});

test('a policy without any rule, or of zeros alone, keeps nothing', () => {
  expect(isEmpty({})).toBe(true);
  expect(isEmpty({ last: 0, daily: 0, within: parseSpan('0') })).toBe(true);
  expect(isEmpty({ daily: 1 })).toBe(false);
  expect(isEmpty({ within: parseSpan('1h') })).toBe(false);
  expect(keep(['2026-11-20T03:00'], {})).toEqual([]);
});

describe('lengths of time', () => {
  test('as restic writes them', () => {
    expect(parseSpan('2y5m7d3h')).toEqual({ years: 2, months: 5, days: 7, hours: 3 });
    expect(formatSpan(parseSpan('3h2y'))).toBe('2y3h');
    expect(formatSpan(parseSpan('0'))).toBe('0');
  });

  test.each(['', '30', '30s', '1.5d', '-1d', '1d1d', '1d ', '1000000000d', '3w', 'd'])('not %j', (text) => {
    expect(() => parseSpan(text)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });

  test.each([
    ['2026-03-31T12:00', '1m', '2026-03-03T12:00'],
    ['2024-02-29T00:00', '1y', '2023-03-01T00:00'],
    ['2026-01-01T00:00', '1m1d1h', '2025-11-29T23:00'],
  ])('%s less %s is %s', (from, span, to) => {
    expect(new Date(before(at(from).timeMs, parseSpan(span))).toISOString().slice(0, 16)).toBe(to);
  });

  test('longer than calendars go is all of time', () => {
    expect(before(0, parseSpan('999999y'))).toBe(-Infinity);
  });
});

/** Group by a key that other code makes, take the newest of each of the n newest groups. */
function oracle(items: readonly Item[], policy: Policy): Set<Item> {
  const kept = new Set<Item>();
  const sorted = [...items].sort((a, b) => b.timeMs - a.timeMs);
  if (sorted.length === 0) return kept;
  const days = (ms: number): number => Math.floor(ms / 86_400_000);
  const part = (ms: number, options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en', { timeZone: 'UTC', era: 'short', ...options }).format(ms);
  const groupings: [number | undefined, (item: Item) => unknown][] = [
    [policy.last, (item) => sorted.indexOf(item)],
    [policy.hourly, ({ timeMs }) => Math.floor(timeMs / 3_600_000)],
    [policy.daily, ({ timeMs }) => days(timeMs)],
    [policy.weekly, ({ timeMs }) => Math.floor((days(timeMs) + 3) / 7)],
    [policy.monthly, ({ timeMs }) => part(timeMs, { year: 'numeric', month: 'numeric' })],
    [policy.yearly, ({ timeMs }) => part(timeMs, { year: 'numeric' })],
  ];
  for (const [count = 0, keyOf] of groupings) {
    const groups = new Map<unknown, Item>();
    for (const item of sorted) if (!groups.has(keyOf(item))) groups.set(keyOf(item), item);
    for (const item of [...groups.values()].slice(0, count)) kept.add(item);
    if (groups.size < count) kept.add(sorted.at(-1)!);
  }
  const { within } = policy;
  if (within !== undefined) {
    // Days and hours alone here: months have vectors above.
    const spanMs = (within.days * 24 + within.hours) * 3_600_000;
    for (const item of sorted) if (sorted[0]!.timeMs - item.timeMs < spanMs) kept.add(item);
  }
  return kept;
}

const count = fc.option(fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(Infinity)), { nil: undefined });
const time = fc.oneof(
  fc.integer({ min: Date.parse('2024-12-20T00:00:00Z'), max: Date.parse('2025-01-10T00:00:00Z') }),
  fc.integer({ min: Date.parse('1677-09-21T00:00:00Z'), max: Date.parse('2262-04-12T00:00:00Z') }),
);

test('property: keeps what a naive reading keeps, and at least one unless the policy is empty', () => {
  fc.assert(
    fc.property(
      fc.array(time, { maxLength: 40 }),
      fc.record({
        last: count,
        hourly: count,
        daily: count,
        weekly: count,
        monthly: count,
        yearly: count,
        days: fc.nat(20),
        hours: fc.nat(30),
      }),
      (times, { days, hours, ...counts }) => {
        const items = times.map((timeMs) => ({ timeMs }));
        const policy = { ...counts, within: { years: 0, months: 0, days, hours } } as Policy;
        const judged = applyPolicy(items, policy);
        const kept = judged.filter(({ reasons }) => reasons.length > 0).map(({ item }) => item);
        expect(new Set(kept)).toEqual(oracle(items, policy));
        expect(judged.map(({ item }) => item.timeMs)).toEqual([...times].sort((a, b) => b - a));
        if (items.length > 0) expect(kept.length > 0).toBe(!isEmpty(policy));
      },
    ),
    { numRuns: 500 },
  );
});
