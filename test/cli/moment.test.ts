import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMomentNs } from '../../src/cli/moment.ts';

const NOW_MS = 1_767_225_600_000;

describe('parseMomentNs', () => {
  it.each([
    ['2026-01-01T00:00:00Z', 1_767_225_600_000_000_000n],
    ['2026-01-01t00:00:00z', 1_767_225_600_000_000_000n],
    ['2026-01-01T01:30:00.000000001+01:30', 1_767_225_600_000_000_001n],
    ['2025-12-31T19:00:00.5-05:00', 1_767_225_600_500_000_000n],
    ['1969-12-31T23:59:59.9Z', -100_000_000n],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000_000_000n],
    ['1767225600', 1_767_225_600_000_000_000n],
    ['1767225600.25', 1_767_225_600_250_000_000n],
    ['0', 0n],
    ['36h', 1_767_096_000_000_000_000n],
    ['30d', 1_764_633_600_000_000_000n],
    ['1d12h', 1_767_096_000_000_000_000n],
  ])('reads %s', (text, ns) => {
    expect(parseMomentNs(text, NOW_MS)).toBe(ns);
  });

  it.each([
    ['2026-01-01'],
    ['2026-01-01T00:00:00'],
    ['2025-02-29T00:00:00Z'],
    ['2025-13-01T00:00:00Z'],
    ['2025-01-01T24:00:00Z'],
    ['2025-01-01T00:00:60Z'],
    ['2025-01-01T00:00:00+24:00'],
    ['2025-01-01T00:00:00.1234567890Z'],
    ['3000-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00Z'],
    ['9223372037'],
    ['-36h'],
    ['-5'],
    ['yesterday'],
    [''],
  ])('refuses %s and shows what is possible', (text) => {
    expect(() => parseMomentNs(text, NOW_MS)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('30d') as string }) as Error,
    );
  });

  it('reads what Date writes', () => {
    const date = fc.date({ min: new Date('1700-01-01'), max: new Date('2250-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(date, (moment) => {
        expect(parseMomentNs(moment.toISOString(), NOW_MS)).toBe(BigInt(moment.getTime()) * 1_000_000n);
      }),
    );
  });
});
