import type { PinnedKey } from '../event/key-list.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import type { Finding } from './verdict.ts';

/** A backup, and the receipt that it is held against. */
export interface VerifyInput {
  /** Open, nothing of it read; whoever opened it closes it. */
  readonly file: LineFile;
  readonly receipt?: { readonly path: string; readonly bytes: Buffer };
}

export interface VerifyOptions {
  readonly inputs: readonly VerifyInput[];
  /** A folder of evidence, to be judged anew. */
  readonly evidence?: string;
  /** Keys that the operator vouches for: of their names no others count. */
  readonly pinnedKeys?: readonly PinnedKey[];
  /** No other keys count at all. */
  readonly pinnedOnly?: boolean;
  /** Default true. */
  readonly checkSignatures?: boolean;
  /** Threads; 0 is this one alone. Small files need no more in any case. Default: as many as cores. */
  readonly workers?: number;
  /** Told of each finding, in the order of files and lines, and waited for. */
  readonly onFinding?: (finding: Finding) => Promise<void> | void;
  readonly observer?: VerifyObserver;
  readonly signal?: AbortSignal;
}

/** Told how far it is, again and again; bytes are those of the files as they lie there. */
export interface VerifyObserver {
  /** The first pass, which gathers keys. */
  gathering(lines: number, bytes: number): void;
  /** `totalLines` is `undefined` where there was no first pass. */
  verifying(lines: number, bytes: number, totalLines: number | undefined): void;
}
