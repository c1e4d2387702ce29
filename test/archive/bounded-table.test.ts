import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BoundedTable } from '../../src/archive/bounded-table.ts';
import { ShareRow } from '../../src/archive/stats-rows.ts';

const CAPACITY = 8;

function count(keys: readonly string[]): BoundedTable<ShareRow> {
  const table = new BoundedTable(CAPACITY, new ShareRow(''));
  for (const key of keys) (table.find(key) ?? table.admit(key, new ShareRow(key))).add(10, key === 'b');
  return table;
}

function truth(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

const KEYS = fc.array(
  fc.oneof(
    fc.constantFrom('a', 'b', 'c'),
    fc.nat({ max: 40 }).map((n) => `k${n}`),
  ),
  { maxLength: 400, size: 'max' },
);

test('what a table says of a key holds, nothing is lost, and a large key always has a row', () => {
  fc.assert(
    fc.property(KEYS, (keys) => {
      const { rows, rest, bound } = count(keys).content();
      const counts = truth(keys);
      expect(rows.length).toBeLessThanOrEqual(CAPACITY);
      expect(bound).toBeLessThanOrEqual((2 * keys.length) / CAPACITY);
      expect(rows.reduce((sum, { events }) => sum + events, rest.events)).toBe(keys.length);
      expect(rows.reduce((sum, { bytes }) => sum + bytes, rest.bytes)).toBe(keys.length * 10);
      expect(rows.reduce((sum, { signed }) => sum + signed, rest.signed)).toBe(counts.get('b') ?? 0);
      for (const { name, events, missing } of rows) {
        expect(missing).toBeLessThanOrEqual(bound);
        expect(counts.get(name)).toBeGreaterThanOrEqual(events);
        expect(counts.get(name)).toBeLessThanOrEqual(events + missing);
        counts.delete(name);
      }
      for (const events of counts.values()) expect(events).toBeLessThanOrEqual(bound);
    }),
    { numRuns: 500 },
  );
});

test('as long as all keys fit every figure is exact, and in order', () => {
  const content = count(['a', 'c', 'b', 'b', 'd', 'e', 'f', 'g', 'h']).content();
  expect(content).toMatchObject({ keys: 8, bound: 0 });
  expect(content.rows.map(({ name, events, missing }) => `${name}${events}${missing}`)).toEqual([
    'b20',
    ...['a', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `${name}10`),
  ]);
});

test('one key that has much stays and has all, whatever comes and goes around it', () => {
  const others = Array.from({ length: 1000 }, (_, index) => `k${index}`);
  const { rows, bound } = count([...Array<string>(300).fill('a'), ...others]).content();
  expect(rows[0]).toMatchObject({ name: 'a', events: 300, missing: 0 });
  expect(bound).toBeLessThanOrEqual(1300 / 4);
});

test('keys that had to leave are still counted as keys', () => {
  const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
  expect(count([...keys, ...keys]).content().keys).toBe(200);
});
