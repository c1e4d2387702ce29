import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layOutTimeline } from '../../src/archive/timeline.ts';

const HOUR_MS = 3_600_000;
const POINTS = fc.uniqueArray(
  fc.tuple(fc.integer({ min: -2_500_000, max: 2_500_000 }), fc.nat({ max: 50 })),
  {
    selector: ([at]) => at,
    minLength: 1,
    maxLength: 100,
    size: 'max',
  },
);

test('each event is in a column or named as outside, and there are never more than 60 columns', () => {
  fc.assert(
    fc.property(POINTS, fc.constantFrom('hour', 'month'), (hours, unit) => {
      const points = hours.map(([at, events]): [number, number] => [
        unit === 'hour' ? at : (at % 3000) + 24_000,
        events + 1,
      ]);
      const total = points.reduce((sum, [, events]) => sum + events, 0);
      const timeline = layOutTimeline(unit, points)!;
      const { counts, before, after, startMs, endMs } = timeline;
      expect(counts.length).toBeLessThanOrEqual(60);
      expect(counts.reduce((sum, events) => sum + events, before + after)).toBe(total);
      expect(Math.min(counts[0]!, counts.at(-1)!)).toBeGreaterThan(0);
      expect(before).toBeLessThanOrEqual(Math.max(1, total * 0.01));
      expect(after).toBeLessThanOrEqual(Math.max(1, total * 0.01));
      if (unit === 'hour') expect((endMs - startMs) / HOUR_MS).toBe(timeline.step * counts.length);
    }),
    { numRuns: 1000 },
  );
});

test('one event far off does not press all others into one column', () => {
  const day = Array.from({ length: 24 }, (_, hour): [number, number] => [490_000 + hour, 10]);
  const whole = layOutTimeline('hour', day);
  expect(whole).toMatchObject({ step: 1, before: 0, after: 0, startMs: 490_000 * HOUR_MS });
  expect(layOutTimeline('hour', [...day, [2_500_000, 1]])).toEqual({ ...whole, after: 1 });
  expect(layOutTimeline('hour', [[-2_500_000, 1], ...day])).toEqual({ ...whole, before: 1 });
});

test('of a few events each one is shown, however far off', () => {
  const timeline = layOutTimeline('hour', [
    [490_000, 3],
    [2_500_000, 1],
  ])!;
  expect([timeline.counts[0], timeline.counts.at(-1), timeline.after]).toEqual([3, 1, 0]);
  expect(layOutTimeline('hour', [])).toBeUndefined();
});
