import { hash } from 'node:crypto';

/** So many hashes are kept: up to so many texts the count is exact, from there on within some 6 %, one time in three more. */
const KEPT = 256;
const HEX_DIGITS = 12;
const HASHES = 16 ** HEX_DIGITS;

/** Counts distinct texts in a few kilobytes: it keeps the smallest hashes, and how close they lie tells how many there are. */
export class DistinctSketch {
  /** Ascending. */
  #hashes: number[] = [];

  add(text: string): void {
    this.#insert(Number.parseInt(hash('sha256', text, 'hex').slice(0, HEX_DIGITS), 16));
  }

  /** Adds all that another one saw. */
  merge(other: DistinctSketch): void {
    for (const value of other.#hashes) this.#insert(value);
  }

  get isExact(): boolean {
    return this.#hashes.length < KEPT;
  }

  estimate(): number {
    const hashes = this.#hashes;
    return this.isExact ? hashes.length : Math.round(((KEPT - 1) * HASHES) / hashes[KEPT - 1]!);
  }

  #insert(value: number): void {
    const hashes = this.#hashes;
    if (!this.isExact && value >= hashes[KEPT - 1]!) return;
    let [low, high] = [0, hashes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hashes[middle]! < value) low = middle + 1;
      else high = middle;
    }
    if (hashes[low] === value) return;
    hashes.splice(low, 0, value);
    if (hashes.length > KEPT) hashes.pop();
  }
}
