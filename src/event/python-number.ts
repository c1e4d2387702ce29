/** Where Python's `repr` of a float goes over to exponents. JavaScript does so elsewhere: at 1e21 and 1e-7. */
const MIN_FIXED_POWER = -4;
const MAX_FIXED_POWER = 15;

/** A JSON number as Python prints what it read: integers digit by digit, all else as a float. `1E400` is `Infinity`. */
export function pythonNumber(lexeme: string): string {
  if (/^-?\d+$/.test(lexeme)) return lexeme === '-0' ? '0' : lexeme;
  return pythonFloat(Number(lexeme));
}

/** `repr(float)`: the shortest digits that are read as this double again. */
function pythonFloat(double: number): string {
  if (!Number.isFinite(double)) return double < 0 ? '-Infinity' : 'Infinity';
  const sign = double < 0 || Object.is(double, -0) ? '-' : '';
  const [mantissa, exponent] = Math.abs(double).toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const power = Number(exponent);
  if (power < MIN_FIXED_POWER || power > MAX_FIXED_POWER) {
    return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  return `${sign}${digits.slice(0, power + 1).padEnd(power + 1, '0')}.${digits.slice(power + 1) || '0'}`;
}
