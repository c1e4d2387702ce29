import { MeshBackupError } from '../errors.ts';
import { parseDurationNs } from './duration.ts';

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;
const DAYS = new Map([['d', 86_400n * NS_PER_S]]);
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const UNIX_SECONDS = /^(\d+)(?:\.(\d{1,9}))?$/;

/**
 * Parses a point in time, for `--since` and `--until`, into nanoseconds since 1970: RFC 3339 with up to nine digits of
 * fraction, unix seconds with up to nine, or a duration back from now (Go's, and days: `36h`, `30d`).
 * Throws `USAGE`, also for what an event's `ts` (int64) cannot hold.
 */
export function parseMomentNs(text: string, nowMs: number): bigint {
  const momentNs = parseRfc3339Ns(text) ?? parseUnixNs(text) ?? parseBackFromNowNs(text, nowMs);
  if (momentNs === undefined || momentNs < MIN_INT64 || momentNs > MAX_INT64) {
    throw new MeshBackupError(
      'USAGE',
      `'${text}' is no point in time: write it like 2025-12-31T23:59:59Z, 2025-12-31T23:59:59.5+01:00, ` +
        '1767225599 (unix seconds), or 36h or 30d (back from now)',
    );
  }
  return momentNs;
}

function parseRfc3339Ns(text: string): bigint | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six;
  const [, , , , , , , fraction, sign, offsetHours = '0', offsetMinutes = '0'] = match;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day); // unlike Date.UTC, which reads years below 100 as 19xx
  local.setUTCHours(hour, minute, second);
  const rolledOver =
    local.getUTCMonth() !== month - 1 ||
    local.getUTCDate() !== day ||
    local.getUTCHours() !== hour ||
    local.getUTCMinutes() !== minute ||
    local.getUTCSeconds() !== second;
  if (rolledOver || Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000 * (sign === '-' ? -1 : 1);
  return BigInt(local.getTime() - offsetMs) * NS_PER_MS + fractionNs(fraction);
}

type Six = [number, number, number, number, number, number];

function parseUnixNs(text: string): bigint | undefined {
  const match = UNIX_SECONDS.exec(text);
  return match === null ? undefined : BigInt(match[1]!) * NS_PER_S + fractionNs(match[2]);
}

function parseBackFromNowNs(text: string, nowMs: number): bigint | undefined {
  try {
    return BigInt(Math.trunc(nowMs)) * NS_PER_MS - parseDurationNs(text, DAYS);
  } catch {
    return undefined; // the caller's message shows all three forms, not this one alone
  }
}

/** `5` is half a second, not five nanoseconds. */
function fractionNs(digits = ''): bigint {
  return BigInt(digits.padEnd(9, '0'));
}
