const MAX_COLUMNS = 60;
/** So large a part of all events may be left out on either side, if that halves the time that is shown, or better. */
const OUTSIDE_PART = 0.01;
/** Of fewer events each one is shown. */
const FEW_EVENTS = 10;
const HOUR_MS = 3_600_000;
const STEPS = {
  hour: [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672],
  month: [1, 2, 3, 6, 12, 24, 60, 120],
} as const;

/** How many events there were in each of at most 60 spans of time, all of one length. */
export interface Timeline {
  readonly unit: 'hour' | 'month';
  /** So many units are one span. */
  readonly step: number;
  /** Unix milliseconds, where the first span begins. */
  readonly startMs: number;
  /** Unix milliseconds, where the last span ends. */
  readonly endMs: number;
  readonly counts: readonly number[];
  /** Events that lie far before all of that, or far behind it: a few, or else they would be shown. */
  readonly before: number;
  readonly after: number;
}

/** Points are units (hours since 1970, or months since the year 0) and their events, each unit once, in any order. */
export function layOutTimeline(
  unit: Timeline['unit'],
  points: readonly [number, number][],
): Timeline | undefined {
  const sorted = points.toSorted(([a], [b]) => a - b);
  const [first, last] = [sorted[0]?.[0], sorted.at(-1)?.[0]];
  if (first === undefined || last === undefined) return undefined;
  const total = sorted.reduce((sum, [, events]) => sum + events, 0);
  const allowance = total < FEW_EVENTS ? 0 : Math.max(1, total * OUTSIDE_PART);
  const [low, high] = [firstInside(sorted, allowance), firstInside(sorted.toReversed(), allowance)];
  const isTrimmed = low <= high && (high - low + 1) * 2 < last - first + 1;
  const [from, to] = isTrimmed ? [low, high] : [first, last];

  const step = stepFor(unit, from, to);
  const start = Math.floor(from / step);
  const counts = Array<number>(Math.floor(to / step) - start + 1).fill(0);
  let [before, after] = [0, 0];
  for (const [at, events] of sorted) {
    const column = Math.floor(at / step) - start;
    if (column < 0) before += events;
    else if (column >= counts.length) after += events;
    else counts[column]! += events;
  }
  const startMs = momentMs(unit, start * step);
  const endMs = momentMs(unit, (start + counts.length) * step);
  return { unit, step, startMs, endMs, counts, before, after };
}

/** The first point when as many are skipped as may be. */
function firstInside(points: readonly [number, number][], allowance: number): number {
  let skipped = 0;
  for (const [at, events] of points) {
    skipped += events;
    if (skipped > allowance) return at;
  }
  return NaN;
}

function stepFor(unit: Timeline['unit'], from: number, to: number): number {
  const fits = (step: number): boolean => Math.floor(to / step) - Math.floor(from / step) < MAX_COLUMNS;
  let step = STEPS[unit].find(fits) ?? STEPS[unit].at(-1)!;
  while (!fits(step)) step *= 2;
  return step;
}

function momentMs(unit: Timeline['unit'], at: number): number {
  return unit === 'hour' ? at * HOUR_MS : Date.UTC(Math.floor(at / 12), at % 12);
}
