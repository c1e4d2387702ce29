const MAX_POWER_DIGITS = 20;

/**
 * The one spelling of a JSON number that all spellings of its exact value share: `-12e-1` for `-1.2`, `-1.20` and
 * `-0.12E1`. `-0` is not `0`: a nara keeps them apart. Only exponents of more than twenty digits, which no double has, are
 * left as they are: to add to them can take seconds, and a document may hold many.
 */
export function exactNumber(lexeme: string): string {
  const [, sign = '', whole = '', fraction = '', powerSign = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]\+?(-?)0*(\d+))?$/.exec(lexeme) ?? [];
  const digits = whole + fraction;
  let start = 0;
  let end = digits.length;
  // Loops, because a regular expression takes quadratic time for some numbers.
  while (digits[start] === '0') start++;
  while (end > start && digits[end - 1] === '0') end--;
  if (start === end) return `${sign}0`;
  const shift = digits.length - end - fraction.length;
  const exponent = `${powerSign}${power}`;
  const sum = power.length > MAX_POWER_DIGITS ? `${exponent}+${shift}` : BigInt(exponent) + BigInt(shift);
  return `${sign}${digits.slice(start, end)}e${sum}`;
}

/** The number as a double makes it, in its shortest spelling; `undefined` where it is too large for one. */
export function asDouble(lexeme: string): string | undefined {
  const double = Number(lexeme);
  if (!Number.isFinite(double)) return undefined;
  return Object.is(double, -0) ? '-0' : String(double);
}
