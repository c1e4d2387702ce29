/**
 * Go's `%.1f`: the exact binary value rounded to one decimal, exact ties to even. `toFixed` rounds ties up and turns
 * to exponents from 1e21 on.
 */
export function formatRtt(rtt: number): string {
  const sign = rtt < 0 || Object.is(rtt, -0) ? '-' : '';
  const size = Math.abs(rtt);
  if (size >= 1e21) return `${sign}${BigInt(size)}.0`;
  // A tie at the first decimal is an odd number of quarters; scaling by 4 and 10 is exact for those.
  const isTie = (size * 4) % 2 === 1;
  if (!isTie) return sign + size.toFixed(1);
  const below = Math.floor(size * 10);
  const tenths = below % 2 === 0 ? below : below + 1;
  return sign + (tenths / 10).toFixed(1);
}
