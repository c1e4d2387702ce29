/** Bytes that are read from their start, as they lie there. */
export interface Input {
  /** For people. */
  readonly path: string;
  /** A file: it can be read anywhere, and again. */
  readonly isRegular: boolean;
  /** The size that it had when it was opened; Infinity where there is none. */
  readonly size: number;
  /** The first two bytes, or fewer. */
  readonly head: Buffer;
  /** All bytes up to `size`. A file gives them as often as it is asked, all else once. Throws `FILE_UNREADABLE`. */
  chunks(): AsyncGenerator<Buffer, void, undefined>;
  /** Fills the buffer as far as `end` goes from `from` on; returns the number of bytes. Throws `FILE_UNREADABLE`. */
  read(buffer: Buffer, from: number, end: number): number;
  close(): Promise<void>;
}

export const HEAD_BYTES = 2;
