import { randomBytes } from 'node:crypto';

/** Words of 32 bits that tell a copy: its event's ID, then as much of the SHA-256 of its bytes. */
export const COPY_WORDS = 8;

/** Of a slot: the ID, and half of that hash. */
const SLOT_WORDS = 6;
const FIRST_SLOTS = 1024;
/** More would make it slow. */
const MAX_LOAD = 0.75;

/**
 * Which events were met, and in which spelling: 24 bytes a slot, so 32 to 64 bytes for each event, and 1.5 times that
 * for the moment in which it grows. What it says does not depend on the seed, which keeps a file from being made so
 * that all its events fall into one place.
 */
export class SpellingTable {
  #slots = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
  #size = 0;
  readonly #seed = randomBytes(8);
  /** Spellings beside the first one of their events, by their hashes. */
  #others: SpellingTable | undefined;

  /** Notes the copy whose words begin there; says what was met before: nothing of the event, these bytes, or others. */
  add(copies: Uint32Array, at: number): 'new' | 'same' | 'differs' {
    if (this.#size + 1 > (this.#slots.length / SLOT_WORDS) * MAX_LOAD) this.#grow();
    const slot = this.#find(copies, at);
    const tag = tagOf(copies, at);
    if (this.#slots[slot + 4] === 0) {
      for (let word = 0; word < 4; word++) this.#slots[slot + word] = copies[at + word]!;
      this.#slots[slot + 4] = tag;
      this.#slots[slot + 5] = copies[at + 5]!;
      this.#size++;
      return 'new';
    }
    if (this.#slots[slot + 4] === tag && this.#slots[slot + 5] === copies[at + 5]) return 'same';
    const spelling = copies.slice(at + 4, at + COPY_WORDS);
    this.#others ??= new SpellingTable();
    return this.#others.add(Uint32Array.of(...spelling, ...spelling), 0) === 'new' ? 'differs' : 'same';
  }

  /** The slot of this ID, or the free one where it goes. */
  #find(ids: Uint32Array, at: number): number {
    const count = this.#slots.length / SLOT_WORDS;
    for (let number = this.#hash(ids, at) & (count - 1); ; number = (number + 1) & (count - 1)) {
      const slot = number * SLOT_WORDS;
      if (this.#slots[slot + 4] === 0 || isSameId(this.#slots, slot, ids, at)) return slot;
    }
  }

  #hash(ids: Uint32Array, at: number): number {
    const mixed = Math.imul(ids[at]! ^ this.#seed.readInt32LE(0), 0x9e3779b1);
    const both = Math.imul((mixed ^ (mixed >>> 15)) + (ids[at + 1]! ^ this.#seed.readInt32LE(4)), 0x85ebca6b);
    return both ^ (both >>> 13);
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += SLOT_WORDS) {
      if (old[at + 4] === 0) continue;
      const slot = this.#find(old, at);
      for (let word = 0; word < SLOT_WORDS; word++) this.#slots[slot + word] = old[at + word]!;
    }
  }
}

/** Never 0, which is a free slot. */
function tagOf(copies: Uint32Array, at: number): number {
  return (copies[at + 4]! | 1) >>> 0;
}

function isSameId(a: Uint32Array, atA: number, b: Uint32Array, atB: number): boolean {
  return (
    a[atA] === b[atB] && a[atA + 1] === b[atB + 1] && a[atA + 2] === b[atB + 2] && a[atA + 3] === b[atB + 3]
  );
}
