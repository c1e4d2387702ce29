import { MeshBackupError } from '../errors.ts';

/** A length of time as calendars have it: a month may be 28 days or 31. */
export interface Span {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

const UNITS = { y: 'years', m: 'months', d: 'days', h: 'hours' } as const;
type Unit = keyof typeof UNITS;

/** So that no sum of them leaves what numbers hold. */
const MAX_DIGITS = 6;

/**
 * Parses restic's durations for `--keep-within`: `30d`, `2y5m7d3h`, each unit once, `0` for none. `m` is months here, as
 * in restic, and minutes in all other flags. Throws `USAGE`.
 */
export function parseSpan(text: string): Span {
  const span = { years: 0, months: 0, days: 0, hours: 0 };
  if (text === '0') return span;
  const seen = new Set<string>();
  const isWhole = new RegExp(`^(\\d{1,${MAX_DIGITS}}[ymdh])+$`).test(text);
  for (const [, count, unit] of text.matchAll(/(\d+)([ymdh])/g)) {
    if (seen.has(unit!)) throw badSpan(text);
    seen.add(unit!);
    span[UNITS[unit as Unit]] = Number(count);
  }
  if (!isWhole) throw badSpan(text);
  return span;
}

export function isZero(span: Span): boolean {
  return Object.values(span).every((count) => count === 0);
}

/** `2y5m7d3h` */
export function formatSpan(span: Span): string {
  const parts = (Object.keys(UNITS) as Unit[]).map((unit) => [span[UNITS[unit]], unit] as const);
  return (
    parts
      .filter(([count]) => count !== 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join('') || '0'
  );
}

/**
 * The moment that lies this long before another, by UTC's calendar: a day that a month does not have runs over into the
 * next (a month before 31 March is 3 March, or 2), as with Go's `AddDate`, which restic uses.
 */
export function before(timeMs: number, { years, months, days, hours }: Span): number {
  const at = new Date(timeMs);
  at.setUTCFullYear(at.getUTCFullYear() - years, at.getUTCMonth() - months, at.getUTCDate() - days);
  const beforeMs = at.getTime() - hours * 3_600_000;
  return Number.isNaN(beforeMs) ? -Infinity : beforeMs; // before all that calendars know
}

function badSpan(text: string): MeshBackupError {
  return new MeshBackupError(
    'USAGE',
    `'${text}' is no length of time for keeping: write it like 30d, 6m (months) or 2y5m7d3h`,
  );
}
