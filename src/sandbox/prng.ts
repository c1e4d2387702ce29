/**
 * A seeded source of random numbers (mulberry32): the same seed gives the same numbers on every machine. For making
 * test data only, never for secrets of real naras.
 */
export class Prng {
  #state: number;

  /** Any text is a seed; it is mixed by FNV-1a so that similar seeds give unlike numbers. */
  constructor(seed: string) {
    let state = 0x811c9dc5;
    for (const byte of Buffer.from(seed)) state = Math.imul(state ^ byte, 0x01000193);
    this.#state = state;
  }

  /** At least 0, below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number, both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.integer(0, 255)));
  }

  /** `count` different elements, in random order. */
  sample<T>(choices: readonly T[], count: number): T[] {
    const pool = [...choices];
    for (let index = 0; index < count; index++) {
      const other = this.integer(index, pool.length - 1);
      [pool[index], pool[other]] = [pool[other]!, pool[index]!];
    }
    return pool.slice(0, count);
  }
}
