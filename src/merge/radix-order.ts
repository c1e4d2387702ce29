const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;
const MASK = DIGITS - 1;

/**
 * The order of `count` numbers of 64 bits, given as halves: their indexes, smallest first; equal ones stay in the order
 * in which they stand. Takes time in proportion to `count`, and no comparison.
 */
export function radixOrder(upper: Uint32Array, lower: Uint32Array, count: number): Uint32Array {
  let order = Uint32Array.from({ length: count }, (_, at) => at);
  let spare = new Uint32Array(count);
  const ends = new Uint32Array(DIGITS);
  for (const [half, shift] of [
    [lower, 0],
    [lower, DIGIT_BITS],
    [upper, 0],
    [upper, DIGIT_BITS],
  ] as const) {
    ends.fill(0);
    for (let at = 0; at < count; at++) ends[(half[at]! >>> shift) & MASK]!++;
    if (ends[(half[0]! >>> shift) & MASK] === count) continue; // all have the same digit
    for (let digit = 1; digit < DIGITS; digit++) ends[digit]! += ends[digit - 1]!;
    for (let place = count - 1; place >= 0; place--) {
      const at = order[place]!;
      spare[--ends[(half[at]! >>> shift) & MASK]!] = at;
    }
    [order, spare] = [spare, order];
  }
  return order;
}
