import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIsoNs } from '../../src/managed/iso-time.ts';

const MIDNIGHT_NS = BigInt(Date.UTC(2026, 10, 21)) * 1_000_000n;
const HOUR_NS = 3_600_000_000_000n;

test.each<[string, bigint]>([
  ['2026-11-21T00:00:00+00:00', 0n],
  ['2026-11-21T00:00:00.873961+00:00', 873_961_000n],
  ['2026-11-21T00:00:00.5Z', 500_000_000n],
  ['2026-11-21T00:00:00z', 0n],
  ['2026-11-21T00:00:00', 0n],
  ['2026-11-21 00:00:00.000001', 1_000n],
  ['2026-11-21T00:00', 0n],
  ['2026-11-21', 0n],
  ['2026-11-21T00:00:00.123456789123Z', 123_456_789n],
  ['2026-11-21T00:00:00+01:30', (-HOUR_NS * 3n) / 2n],
  ['2026-11-21T00:00:00-0500', HOUR_NS * 5n],
  ['2026-11-20T19:00:00-05:00', 0n],
])('%s', (text, fromMidnightNs) => {
  expect(parseIsoNs(text)! - MIDNIGHT_NS).toBe(fromMidnightNs);
});

test.each([
  '',
  'yesterday',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-21T24:00:00Z',
  '2026-11-21T00:60:00Z',
  '2026-11-21T00:00:60Z',
  '2026-11-21T00:00:00+24:00',
  '2026-11-21T00:00:00+00:60',
  '2026-11-21T',
  '2026-11-21T00:00:00 UTC',
  ' 2026-11-21',
  '2026-11-21\n',
  '1763683200',
])('%j is no moment', (text) => {
  expect(parseIsoNs(text)).toBeUndefined();
});

test('every moment is read as Date reads it', () => {
  const min = new Date('0001-01-01T00:00:00Z');
  const max = new Date('9999-12-31T23:59:59Z');
  fc.assert(
    fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
      expect(parseIsoNs(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
    }),
  );
});
