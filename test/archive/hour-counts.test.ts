import { expect, test } from 'vitest';
import { HourCounts } from '../../src/archive/hour-counts.ts';

const HOUR_NS = 3_600_000_000_000n;

test('knows the hour of any ts', () => {
  const hours = new HourCounts();
  for (const tsNs of [-1n, -HOUR_NS, -HOUR_NS - 1n, 0n, HOUR_NS - 1n, HOUR_NS, -(2n ** 63n), 2n ** 63n - 1n])
    hours.add(tsNs);
  expect(hours.counts).toEqual([
    [-1, 2],
    [-2, 1],
    [0, 2],
    [1, 1],
    [-2562048, 1],
    [2562047, 1],
  ]);
  expect(hours.findGaps()).toEqual([]);
});

test('does not grow with the hours that somebody invents', () => {
  const hours = new HourCounts();
  hours.addAll(Array.from({ length: 310_000 }, (_, at) => [at * 7, 1]));
  expect(hours.counts).toHaveLength(300_000);
  expect(hours.findGaps()).toBeUndefined();
});
