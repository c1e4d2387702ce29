import { MeshBackupError } from '../errors.ts';
import { snapshotCut } from './snapshot-failure.ts';

/** Chunks of any size, taken in the sizes that are wanted. No more than `maxBytes` come out of it, in all. */
export class ByteFeed {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #maxBytes: number;
  #takenBytes = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterator<Buffer>, maxBytes: number) {
    this.#chunks = chunks;
    this.#maxBytes = maxBytes;
  }

  /** As much as is at hand, up to `most` bytes; `undefined` at the end. Throws `SNAPSHOT_TOO_LARGE`. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#rest = next.value;
    }
    const taken = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(most);
    this.#takenBytes += taken.length;
    if (this.#takenBytes > this.#maxBytes) throw this.#tooLarge();
    return taken;
  }

  /** Exactly so many bytes; `undefined` at the end. Throws `SNAPSHOT_CUT` where the end is among them. */
  async exactly(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let lacking = length; lacking > 0;) {
      const part = await this.some(lacking);
      if (part === undefined) {
        if (parts.length === 0) return undefined;
        throw snapshotCut();
      }
      parts.push(part);
      lacking -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** Throws `SNAPSHOT_TOO_LARGE` for what will not come out whole, before a byte of it is read. */
  assertRoomFor(bytes: number): void {
    if (this.#takenBytes + bytes > this.#maxBytes) throw this.#tooLarge();
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #tooLarge(): MeshBackupError {
    return new MeshBackupError(
      'SNAPSHOT_TOO_LARGE',
      `The snapshot unpacks to more than ${this.#maxBytes} bytes.`,
      { hint: 'If it is what you expect, allow more with --max-bytes.' },
    );
  }
}
