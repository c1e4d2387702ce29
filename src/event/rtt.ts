/**
 * Go's `%.1f`: the exact binary value rounded to one decimal, exact ties to even. `toFixed` rounds ties up and turns
 * to exponents from 1e21 on.
 */
export function formatRtt(rtt: number): string {
  const sign = rtt < 0 || Object.is(rtt, -0) ? '-' : '';
  const size = Math.abs(rtt);
  if (size >= 1e21) return `${sign}${BigInt(size)}.0`;
  const whole = Math.floor(size);
  // Binary fractions tie at the first decimal in two places only; the even neighbour of .25 is .2, of .75 it is .8.
  const rest = size - whole;
  if (rest === 0.25) return `${sign}${whole}.2`;
  if (rest === 0.75) return `${sign}${whole}.8`;
  return sign + size.toFixed(1);
}
