import { readBlocks, type Extent } from './blocks.ts';
import type { Spool } from './spool.ts';

/** Each record begins with its own length, this field among it (uint32). */
export const LENGTH_BYTES = 4;
/** So much is read and written at a time: whoever reads holds so much of each store. */
const BLOCK_BYTES = 64 * 1024;

/** Records in a spool, written one behind the other through a block in memory, then read in their order. */
export class RecordStore {
  readonly #spool: () => Spool;
  /** Where they lie, in stretches: others write to the spool in between. */
  readonly #extents: Extent[] = [];
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;

  /** The spool is asked for when there is something to write. */
  constructor(spool: () => Spool) {
    this.#spool = spool;
  }

  /** Where a record of this length is to be written, behind its length field. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  begin(length: number): { readonly block: Buffer; readonly at: number } {
    if (this.#used + length > this.#block.length) this.flush();
    if (length > this.#block.length) this.#block = Buffer.allocUnsafe(length);
    const at = this.#block.writeUInt32LE(length, this.#used);
    this.#used += length;
    return { block: this.#block, at };
  }

  /** Hands what was written to the spool; to be called before it is read. Throws as `begin` does. */
  flush(): void {
    if (this.#used > 0) this.#extents.push(this.#spool().append(this.#block.subarray(0, this.#used)));
    this.#used = 0;
  }

  /** Blocks of whole records, each in memory of its own; as often as anybody likes. Throws `TEMPORARY_FILE`. */
  *blocks(): Generator<Buffer, void, undefined> {
    if (this.#extents.length === 0) return;
    const shape = { blockBytes: BLOCK_BYTES, wholeLength: wholeRecords };
    yield* readBlocks(this.#spool(), this.#extents, shape);
  }
}

/** How far the records go that are whole. */
function wholeRecords(block: Buffer): number {
  let at = 0;
  while (at + LENGTH_BYTES <= block.length) {
    const next = at + block.readUInt32LE(at);
    if (next > block.length) break;
    at = next;
  }
  return at;
}
