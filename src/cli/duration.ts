import { MeshBackupError } from '../errors.ts';

/** A Map: a unit like `constructor` must not find what every object has. */
const GO_UNITS_NS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n], // µ, the micro sign
  ['\u03bcs', 1_000n], // μ, the Greek letter
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const NO_MORE_UNITS: ReadonlyMap<string, bigint> = new Map();
const MAX_INT64 = 2n ** 63n - 1n;
const NS_PER_MS = 1_000_000n;
/** Node's timers hold 31 bits: a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const POSSIBLE = 'write it like 90s, 3m, 1h30m, 500ms or 0';

/**
 * Parses a time-out as Go writes durations (`90s`, `1h30m`, `1.5h`, `0`) into milliseconds, parts of one rounded up.
 * Throws `USAGE`, also for what Node's timers cannot hold (more than 596 hours).
 */
export function parseDurationMs(text: string): number {
  const ms = Number((parseDurationNs(text) + NS_PER_MS - 1n) / NS_PER_MS);
  if (ms > MAX_TIMER_MS) throw new MeshBackupError('USAGE', `the duration '${text}' is longer than 596h`);
  return ms;
}

/**
 * Parses a Go duration into nanoseconds, parts of one cut off. `moreUnitsNs` adds units to Go's.
 * Throws `USAGE`, also for negative durations, which no flag of ours has a use for.
 * Source: Go's `time.ParseDuration`.
 */
export function parseDurationNs(text: string, moreUnitsNs = NO_MORE_UNITS): bigint {
  if (text.startsWith('-')) throw badDuration(text, 'is negative');
  const body = text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0n;
  if (/^[\d.]+$/.test(body)) throw badDuration(text, 'has no unit');
  if (!/^((\d+\.?\d*|\.\d+)[a-z\u00b5\u03bc]+)+$/.test(body)) throw badDuration(text, 'is no duration');

  let sumNs = 0n;
  for (const [, whole, fraction = '', unit = ''] of body.matchAll(/(\d*)\.?(\d*)([a-z\u00b5\u03bc]+)/g)) {
    const unitNs = GO_UNITS_NS.get(unit) ?? moreUnitsNs.get(unit);
    if (unitNs === undefined) throw badDuration(text, `has the unknown unit '${unit}'`);
    sumNs += (BigInt(`${whole ?? ''}${fraction}`) * unitNs) / 10n ** BigInt(fraction.length);
  }
  if (sumNs > MAX_INT64) throw badDuration(text, 'is longer than 292 years');
  return sumNs;
}

function badDuration(text: string, problem: string): MeshBackupError {
  return new MeshBackupError('USAGE', `the duration '${text}' ${problem}: ${POSSIBLE}`);
}
