import { HeldText } from './held-text.ts';

/** More lines than these are no sample; where they lie takes 12 bytes of memory each. */
export const MAX_SAMPLE = 1_000_000;
const BATCH_BYTES = 128 * 1024;

/**
 * So many of all lines that are offered, each as likely as any other (a reservoir: Vitter's algorithm R), in the order in
 * which they came. Lines beyond 1 MiB wait in a private file, those that had to make room for others, too.
 */
export class LineSample {
  readonly #size: number;
  readonly #random: () => number;
  readonly #text: HeldText;
  readonly #places: Float64Array;
  readonly #lengths: Uint32Array;
  #offered = 0;

  constructor(size: number, random: () => number, folder: string) {
    this.#size = size;
    this.#random = random;
    this.#text = new HeldText(folder);
    this.#places = new Float64Array(size);
    this.#lengths = new Uint32Array(size);
  }

  /** Takes a line with its end, or passes it over. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  offer(bytes: () => Buffer): void {
    const offered = this.#offered++;
    const slot = offered < this.#size ? offered : Math.floor(this.#random() * (offered + 1));
    if (slot >= this.#size) return;
    const line = bytes();
    this.#places[slot] = this.#text.append(line);
    this.#lengths[slot] = line.length;
  }

  /** Many lines at a time. Throws `TEMPORARY_FILE`. */
  *batches(): Generator<{ readonly lines: number; readonly bytes: Buffer }, void, undefined> {
    const slots = Array.from({ length: Math.min(this.#offered, this.#size) }, (_, slot) => slot);
    slots.sort((a, b) => this.#places[a]! - this.#places[b]!);
    let batch: Buffer[] = [];
    let bytes = 0;
    for (const slot of slots) {
      const line = this.#text.read(this.#places[slot]!, this.#lengths[slot]!);
      batch.push(line);
      bytes += line.length;
      if (bytes < BATCH_BYTES) continue;
      yield { lines: batch.length, bytes: Buffer.concat(batch) };
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) yield { lines: batch.length, bytes: Buffer.concat(batch) };
  }

  close(): void {
    this.#text.close();
  }
}
