import { dayOf, hourOf, monthOf, weekOf, yearOf } from './calendar.ts';
import { before, formatSpan, isZero, type Span } from './span.ts';

/**
 * What to keep of one series, with the meanings of restic's `forget`. `daily: 7` keeps the newest of each of the last 7
 * days that have one: days without any do not count. Infinity keeps one of each day there is. Where fewer days than
 * that have one, the oldest of all is kept as well, so that the history that is kept grows to its full length.
 * `within` counts back from the newest, not from now: who makes no backups any more loses none.
 */
export interface Policy {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  readonly within?: Span;
}

/** By what the newest are found, in the order of their reasons. */
const BUCKETS = {
  last: (_, number) => `${number + 1}`,
  hourly: hourOf,
  daily: dayOf,
  weekly: weekOf,
  monthly: monthOf,
  yearly: yearOf,
} as const satisfies Record<string, (timeMs: number, number: number) => string>;

type BucketName = keyof typeof BUCKETS;
const BUCKET_NAMES = Object.keys(BUCKETS) as BucketName[];

/** One of a series, and why it is kept: empty, it is not. */
export interface Judged<T> {
  readonly item: T;
  /** `last 1`, `daily 2026-11-20`, `oldest weekly 2026-W40`, `within 30d`. */
  readonly reasons: readonly string[];
}

/** Whether the policy keeps nothing of any series. */
export function isEmpty({ within, ...counts }: Policy): boolean {
  return (within === undefined || isZero(within)) && Object.values(counts).every((count) => count === 0);
}

/**
 * Holds one series against a policy. Returns all of it, newest first; of equal times in the order they came.
 * Source: restic's `ApplyPolicy` (internal/data/snapshot_policy.go), tested against vectors written by hand.
 */
export function applyPolicy<T extends { readonly timeMs: number }>(
  items: readonly T[],
  policy: Policy,
): Judged<T>[] {
  const newestFirst = items.toSorted((a, b) => b.timeMs - a.timeMs);
  const newest = newestFirst[0];
  if (newest === undefined) return [];
  const { within } = policy;
  const withinMs = within === undefined || isZero(within) ? Infinity : before(newest.timeMs, within);
  const open = new Map(BUCKET_NAMES.map((name) => [name, { left: policy[name] ?? 0, last: '' }]));

  return newestFirst.map((item, number) => {
    const isOldest = number === newestFirst.length - 1;
    const reasons: string[] = [];
    for (const [name, bucket] of open) {
      if (bucket.left === 0) continue;
      const value = BUCKETS[name](item.timeMs, number);
      if (value === bucket.last && !isOldest) continue;
      reasons.push(`${value === bucket.last ? 'oldest ' : ''}${name} ${value}`);
      bucket.last = value;
      bucket.left--;
    }
    if (item.timeMs > withinMs) reasons.push(`within ${formatSpan(within!)}`);
    return { item, reasons };
  });
}
