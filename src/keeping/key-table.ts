/** Words of 32 bits that a key has: 128 bits of a digest, so that no two things share one by chance. */
export const KEY_WORDS = 4;

const START_SLOTS = 1 << 12;
/** A table fuller than that is slow. */
const FILL = 0.7;
/** What was taken still has its slot: others may lie behind it. */
const TAKEN = 0xff_ff_ff_ff;

/** Numbers by key, each taken out once; 20 bytes a slot, which a `Map` would need hundreds for. */
export class KeyTable {
  readonly #maxSlots: number;
  #keys = new Uint32Array(START_SLOTS * KEY_WORDS);
  /** 0: nobody; else the value + 1. */
  #values = new Uint32Array(START_SLOTS);
  #used = 0;

  /** `maxSlots` is a power of two. */
  constructor(maxSlots: number) {
    this.#maxSlots = maxSlots;
  }

  get #slots(): number {
    return this.#values.length;
  }

  /** The first value that a key is given stays. `full`: there is no room for one more. */
  add(key: Uint32Array, value: number): 'added' | 'there' | 'full' {
    let slot = this.#find(key);
    if (this.#values[slot] !== 0) return 'there';
    if (this.#used >= this.#slots * FILL) {
      if (this.#slots * 2 > this.#maxSlots) return 'full';
      this.#grow();
      slot = this.#find(key);
    }
    this.#used++;
    this.#keys.set(key, slot * KEY_WORDS);
    this.#values[slot] = value + 1;
    return 'added';
  }

  /** `undefined`: the key is not there, or was taken. */
  take(key: Uint32Array): number | undefined {
    const slot = this.#find(key);
    const value = this.#values[slot]!;
    if (value === 0 || value === TAKEN) return undefined;
    this.#values[slot] = TAKEN;
    return value - 1;
  }

  /** The slot of a key, or the free one where it would be. */
  #find(key: Uint32Array): number {
    const mask = this.#slots - 1;
    for (let slot = key[0]! & mask; ; slot = (slot + 1) & mask) {
      if (this.#values[slot] === 0) return slot;
      if (this.#hasAt(slot * KEY_WORDS, key)) return slot;
    }
  }

  #hasAt(at: number, key: Uint32Array): boolean {
    for (let word = 0; word < KEY_WORDS; word++) if (this.#keys[at + word] !== key[word]) return false;
    return true;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#values = new Uint32Array(values.length * 2);
    for (const [slot, value] of values.entries()) {
      if (value === 0) continue;
      const key = keys.subarray(slot * KEY_WORDS, (slot + 1) * KEY_WORDS);
      const to = this.#find(key);
      this.#keys.set(key, to * KEY_WORDS);
      this.#values[to] = value;
    }
  }
}
