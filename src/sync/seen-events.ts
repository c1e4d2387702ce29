import { hash } from 'node:crypto';
import { eventBytes, type EventView } from '../event/event-view.ts';

/** Four words of the hash, and the number of the set in which the event was seen last; 0: an empty slot. */
const SLOT_WORDS = 5;
const SET_WORD = 4;
const FIRST_SLOTS = 1024;
const MOST_LOAD = 0.6;

/**
 * Which events were seen, by 128 bits of the SHA256 of their bytes: 20 bytes a slot in one typed array, where a Set of
 * strings would need hundreds. Whoever makes two events of one such hash keeps only his own from being passed on.
 */
export class SeenEvents {
  #table = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
  readonly #words = new Uint32Array(SET_WORD);
  #count = 0;

  /** How many different ones. */
  get count(): number {
    return this.#count;
  }

  /** Notes an event of the set of this number, from 1 on. `twice`: this set had it before. */
  note(event: EventView, set: number): 'new' | 'again' | 'twice' {
    const digest = hash('sha256', eventBytes(event), 'buffer');
    const words = this.#words;
    for (let at = 0; at < SET_WORD; at++) words[at] = digest.readUInt32LE(at * 4);
    const at = this.#find(words);
    const before = this.#table[at + SET_WORD];
    this.#table[at + SET_WORD] = set;
    if (before !== 0) return before === set ? 'twice' : 'again';
    this.#table.set(words, at);
    this.#count++;
    if (this.#count > (this.#table.length / SLOT_WORDS) * MOST_LOAD) this.#grow();
    return 'new';
  }

  /** Where these words are, or belong. */
  #find(words: Uint32Array): number {
    const table = this.#table;
    const slots = table.length / SLOT_WORDS;
    for (let slot = words[0]! & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * SLOT_WORDS;
      if (table[at + SET_WORD] === 0) return at;
      if (
        table[at] === words[0] &&
        table[at + 1] === words[1] &&
        table[at + 2] === words[2] &&
        table[at + 3] === words[3]
      ) {
        return at;
      }
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += SLOT_WORDS) {
      if (old[at + SET_WORD] === 0) continue;
      const slot = old.subarray(at, at + SLOT_WORDS);
      this.#table.set(slot, this.#find(slot));
    }
  }
}
