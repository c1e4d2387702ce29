import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

/** A member ends with the line that reaches this size of plain text. */
const MEMBER_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
/** Where a gzip header names the system it was made on, and the value for: unknown. */
const OS_BYTE = 9;
const NO_OS = 255;

/**
 * Compresses lines into many gzip members, so that a reader of a file that is cut or damaged gets far. The bytes depend
 * on the text alone: not on how it was cut into calls, on the time or on the system.
 */
export class GzipMembers {
  readonly #write: (bytes: Buffer) => Promise<void>;
  #parts: Buffer[] = [];
  #length = 0;
  #hasWritten = false;

  constructor(write: (bytes: Buffer) => Promise<void>) {
    this.#write = write;
  }

  /** Whole lines. Throws what the given `write` throws. */
  async write(lines: Buffer): Promise<void> {
    let start = 0;
    for (;;) {
      const lacking = Math.max(0, MEMBER_BYTES - this.#length - 1);
      const end = lines.indexOf(LINE_FEED, start + lacking) + 1;
      if (end === 0) break;
      this.#add(lines.subarray(start, end));
      await this.#endMember();
      start = end;
    }
    // A copy: the caller's buffer is the caller's again when this returns.
    this.#add(Buffer.from(lines.subarray(start)));
  }

  /** Writes what is left. An empty text is one empty member. */
  async end(): Promise<void> {
    if (this.#length > 0 || !this.#hasWritten) await this.#endMember();
  }

  #add(part: Buffer): void {
    this.#parts.push(part);
    this.#length += part.length;
  }

  async #endMember(): Promise<void> {
    const text = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#hasWritten = true;
    const member = await compress(text);
    member[OS_BYTE] = NO_OS;
    await this.#write(member);
  }
}
