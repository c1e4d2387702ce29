import type { IncomingHttpHeaders } from 'node:http';

/** A `Date` header tells whole seconds, and an answer is under way for a while: less than this is no difference. */
const LEAST_SECONDS = 3;

/**
 * By how much the peer's clock differs from ours, from an answer that came just now: `its clock is 75 s ahead of ours`;
 * `undefined` where it does not differ, or does not tell.
 */
export function describeClock(headers: IncomingHttpHeaders, nowMs: number): string | undefined {
  const seconds = Math.round((clockDifferenceMs(headers, nowMs) ?? 0) / 1000);
  if (Math.abs(seconds) < LEAST_SECONDS) return undefined;
  return `its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ours`;
}

/** What our clock lacks of the peer's, in milliseconds, to the second; `undefined` where the answer does not tell. */
export function clockDifferenceMs({ date }: IncomingHttpHeaders, nowMs: number): number | undefined {
  const theirsMs = date === undefined ? NaN : Date.parse(date);
  return Number.isNaN(theirsMs) ? undefined : theirsMs - nowMs;
}
