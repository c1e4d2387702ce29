import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDurationMs, parseDurationNs } from '../../src/cli/duration.ts';

describe('parseDurationMs', () => {
  it.each([
    ['90s', 90_000],
    ['3m', 180_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1000],
    ['0', 0],
    ['+1s', 1000],
    ['1us', 1],
    ['1\u00b5s', 1],
    ['1\u03bcs', 1],
    ['0.1s0.2s', 300],
  ])('reads %s', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each([
    ['90', 'no unit'],
    ['1.5', 'no unit'],
    ['-3m', 'negative'],
    ['3 m', 'no duration'],
    ['', 'no duration'],
    ['.s', 'no duration'],
    ['1h30', 'no duration'],
    ['1d', "unknown unit 'd'"],
    ['1M', 'no duration'],
    ['1constructor', 'unknown unit'],
    ['1\u03bcs1', 'no duration'],
    ['597h', 'longer than 596h'],
    ['9999999999h', '292 years'],
  ])('refuses %s: %s', (text, reason) => {
    expect(() => parseDurationMs(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(reason) as string }) as Error,
    );
  });

  it('sums any parts exactly', () => {
    const unitsNs = {
      ns: 1n,
      us: 1000n,
      ms: 1_000_000n,
      s: 1_000_000_000n,
      m: 60_000_000_000n,
      h: 3_600_000_000_000n,
    };
    const part = fc.tuple(
      fc.nat(999),
      fc.constantFrom(...(Object.keys(unitsNs) as (keyof typeof unitsNs)[])),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const text = parts.map(([count, unit]) => `${count}${unit}`).join('');
        const sumNs = parts.reduce((sum, [count, unit]) => sum + BigInt(count) * unitsNs[unit], 0n);
        expect(parseDurationNs(text)).toBe(sumNs);
      }),
    );
  });
});
