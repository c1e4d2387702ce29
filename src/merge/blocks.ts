import { MeshBackupError } from '../errors.ts';

/** A stretch of a store, in bytes. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Where the bytes of runs lie. */
export interface ByteStore {
  /** Fills the buffer as far as the extent goes from `from` on; returns the number of bytes. */
  read(buffer: Buffer, from: number, end: number): number;
}

export interface BlockShape {
  /** So much is read at a time, but for an item that is longer. */
  readonly blockBytes: number;
  /** How far the items go that a block holds whole; 0: not even the first one is. */
  readonly wholeLength: (block: Buffer) => number;
}

/** Reads extents of whole items in blocks of whole items. Throws `TEMPORARY_FILE`, and what the store throws. */
export function* readBlocks(
  store: ByteStore,
  extents: readonly Extent[],
  { blockBytes, wholeLength }: BlockShape,
): Generator<Buffer, void, undefined> {
  for (const { start, end } of extents) {
    let size = blockBytes;
    for (let at = start; at < end;) {
      const block = Buffer.allocUnsafeSlow(Math.min(size, end - at));
      if (store.read(block, at, end) < block.length) {
        throw new MeshBackupError('TEMPORARY_FILE', 'A temporary file lost its end.');
      }
      const length = wholeLength(block);
      if (length === 0) {
        if (size >= end - at) throw new MeshBackupError('TEMPORARY_FILE', 'A temporary file lost its end.');
        size *= 2;
        continue;
      }
      yield block.subarray(0, length);
      at += length;
      size = blockBytes;
    }
  }
}
