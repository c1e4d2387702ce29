import { Spool } from '../merge/spool.ts';

const MAX_HELD_BYTES = 8 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** An output that is gathered whole before any of it goes out: in memory, and beyond 8 MiB in a private file. */
export class HeldOutput {
  readonly #folder: string;
  #spool: Spool | undefined;
  #parts: Buffer[] = [];
  #heldBytes = 0;
  #spooledBytes = 0;

  /** `folder` is for the private file. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  append(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= MAX_HELD_BYTES) return;
    this.#spool ??= new Spool(this.#folder);
    this.#spooledBytes = this.#spool.append(Buffer.concat(this.#parts)).end;
    this.#parts = [];
    this.#heldBytes = 0;
  }

  /** All of it, in order; the caller may keep none of the pieces. Throws `TEMPORARY_FILE`. */
  *pieces(): Generator<Buffer, void, undefined> {
    const buffer = Buffer.allocUnsafeSlow(this.#spool === undefined ? 0 : READ_BYTES);
    for (let at = 0; at < this.#spooledBytes;) {
      const length = this.#spool!.read(buffer, at, this.#spooledBytes);
      yield buffer.subarray(0, length);
      at += length;
    }
    if (this.#parts.length > 0) yield Buffer.concat(this.#parts);
  }

  close(): void {
    this.#spool?.close();
  }
}
