import { Spool } from '../merge/spool.ts';

/** What fits in here costs no file; so much is written and read at a time. */
const BLOCK_BYTES = 1024 * 1024;

/** Text that is added piece by piece and read in its order: a block of it in memory, the rest in a private file. */
export class HeldText {
  readonly #folder: string;
  #spool: Spool | undefined;
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;
  /** Before the block. */
  #spooledBytes = 0;
  #readAhead = Buffer.alloc(0);
  #readAheadAt = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get bytes(): number {
    return this.#spooledBytes + this.#used;
  }

  /** Returns the place of it. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  append(piece: Buffer): number {
    if (this.#used + piece.length > BLOCK_BYTES) this.#spoolBlock();
    const at = this.bytes;
    if (piece.length > BLOCK_BYTES) this.#spoolPiece(piece);
    else this.#used += piece.copy(this.#block, this.#used);
    return at;
  }

  /** Best in order. Good until more is appended. Throws `TEMPORARY_FILE`. */
  read(at: number, length: number): Buffer {
    if (at >= this.#spooledBytes) {
      const start = at - this.#spooledBytes;
      return this.#block.subarray(start, start + length);
    }
    if (at < this.#readAheadAt || at + length > this.#readAheadAt + this.#readAhead.length)
      this.#readOn(at, length);
    const start = at - this.#readAheadAt;
    return this.#readAhead.subarray(start, start + length);
  }

  close(): void {
    this.#spool?.close();
    this.#spool = undefined;
  }

  #spoolBlock(): void {
    const block = this.#block.subarray(0, this.#used);
    this.#used = 0;
    if (block.length > 0) this.#spoolPiece(block);
  }

  #spoolPiece(piece: Buffer): void {
    this.#spool ??= new Spool(this.#folder);
    this.#spool.append(piece);
    this.#spooledBytes += piece.length;
  }

  #readOn(at: number, length: number): void {
    const wanted = Math.min(Math.max(length, BLOCK_BYTES), this.#spooledBytes - at);
    const buffer = Buffer.allocUnsafe(wanted);
    for (let filled = 0; filled < wanted;) {
      const bytes = this.#spool!.read(buffer.subarray(filled), at + filled, at + wanted);
      if (bytes === 0) throw new Error('a private file became shorter');
      filled += bytes;
    }
    this.#readAhead = buffer;
    this.#readAheadAt = at;
  }
}
