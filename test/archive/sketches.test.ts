import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DistinctSketch } from '../../src/archive/distinct-sketch.ts';
import { RttSketch } from '../../src/archive/rtt-sketch.ts';

const MS = fc.double({ min: 0.02, max: 5_000_000, noNaN: true });
const PARTS = [0.01, 0.5, 0.95, 1];

function sketchOf(values: readonly number[]): RttSketch {
  const sketch = new RttSketch();
  for (const ms of values) sketch.add(ms);
  return sketch;
}

function quantileOf(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(part * values.length)) - 1]!;
}

test('quantiles of few values are exact, of many within 1 %', () => {
  fc.assert(
    fc.property(fc.array(MS, { minLength: 1, maxLength: 300, size: 'max' }), (values) => {
      for (const part of PARTS) {
        const [seen, wanted] = [sketchOf(values).quantile(part), quantileOf(values, part)];
        if (values.length <= 32) expect(seen).toBe(wanted);
        else expect(Math.abs(seen - wanted)).toBeLessThanOrEqual(wanted * 0.01);
      }
    }),
  );
});

test('two sketches add up to the one of all values', () => {
  fc.assert(
    fc.property(
      fc.array(MS, { maxLength: 80, size: 'max' }),
      fc.array(MS, { maxLength: 80, size: 'max' }),
      (one, other) => {
        const merged = sketchOf(one);
        merged.merge(sketchOf(other));
        const whole = sketchOf([...one, ...other]);
        expect(merged.count).toBe(whole.count);
        for (const part of PARTS) expect(merged.quantile(part)).toBe(whole.quantile(part));
      },
    ),
  );
});

test('nothing that can stand in an event breaks a sketch', () => {
  const odd = [0, -5, 1e300, 5e-324, -1e300, 0.01];
  const values = Array.from({ length: 120 }, (_, index) => odd[index % odd.length]!);
  const sketch = sketchOf(values);
  for (const part of [0.01, 0.5, 0.8]) {
    expect(sketch.quantile(part)).toBeGreaterThanOrEqual(-1e300);
    expect(sketch.quantile(part)).toBeLessThanOrEqual(0.01);
  }
  expect(sketch.quantile(0.9)).toBeGreaterThan(9_000_000);
  expect(sketchOf([]).quantile(0.5)).toBeNaN();
});

test('distinct texts are counted exactly while they are few, then nearly, however often and in what order', () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => `text ${index}`);
  const few = new DistinctSketch();
  for (const text of [...texts.slice(0, 255), ...texts.slice(0, 100)]) few.add(text);
  expect([few.isExact, few.estimate()]).toEqual([true, 255]);

  const [all, half, otherHalf] = [new DistinctSketch(), new DistinctSketch(), new DistinctSketch()];
  for (const text of texts) all.add(text);
  for (const text of texts.slice(8000).toReversed()) half.add(text);
  for (const text of texts.slice(0, 12_000)) otherHalf.add(text);
  half.merge(otherHalf);
  expect(half.estimate()).toBe(all.estimate());
  expect(Math.abs(all.estimate() / texts.length - 1)).toBeLessThan(0.2);
});
