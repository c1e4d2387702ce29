import { createHash, type Hash } from 'node:crypto';
import type { EventView } from '../event/event-view.ts';

/** Sizes and hashes of a backup: `raw` as its bytes lie in the file, `plain` as the text that they are (gzip or not). */
export interface Measured {
  readonly isCompressed: boolean;
  readonly raw: Sum;
  readonly plain: Sum;
  /** Events. */
  readonly lines: number;
  /** Unix nanoseconds of the first and last one; `undefined` where there is none. */
  readonly firstTsNs: bigint | undefined;
  readonly lastTsNs: bigint | undefined;
}

export interface Sum {
  readonly bytes: number;
  /** Hex; `undefined` where nobody wanted it. */
  readonly sha256: string | undefined;
}

/** Measures a backup while it is read or written. */
export class Meter {
  readonly #isCompressed: boolean;
  readonly #raw: Counter;
  readonly #plain: Counter;
  #lines = 0;
  #firstTsNs: bigint | undefined;
  #lastTsNs: bigint | undefined;

  constructor(isCompressed: boolean, fingerprint: boolean) {
    this.#isCompressed = isCompressed;
    this.#raw = new Counter(fingerprint);
    this.#plain = new Counter(fingerprint);
  }

  raw(bytes: Buffer): void {
    this.#raw.add(bytes);
  }

  plain(bytes: Buffer): void {
    this.#plain.add(bytes);
  }

  /** Notes the time of a line's event. */
  line({ tsNs }: EventView): void {
    this.#lines++;
    if (this.#firstTsNs === undefined || tsNs < this.#firstTsNs) this.#firstTsNs = tsNs;
    if (this.#lastTsNs === undefined || tsNs > this.#lastTsNs) this.#lastTsNs = tsNs;
  }

  /** To be read once, at the end. */
  get measured(): Measured {
    return {
      isCompressed: this.#isCompressed,
      raw: this.#raw.sum(),
      plain: this.#plain.sum(),
      lines: this.#lines,
      firstTsNs: this.#firstTsNs,
      lastTsNs: this.#lastTsNs,
    };
  }
}

class Counter {
  readonly #hash: Hash | undefined;
  #bytes = 0;

  constructor(fingerprint: boolean) {
    this.#hash = fingerprint ? createHash('sha256') : undefined;
  }

  add(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#hash?.update(bytes);
  }

  sum(): Sum {
    return { bytes: this.#bytes, sha256: this.#hash?.digest('hex') };
  }
}

/** As `--json` and receipts have it: of compressed bytes, also what they hold. */
export function measuredRecord(measured: Measured): Record<string, unknown> {
  const { isCompressed, raw, plain, lines, firstTsNs, lastTsNs } = measured;
  return {
    ...raw,
    lines,
    firstTs: firstTsNs?.toString(),
    lastTs: lastTsNs?.toString(),
    ...(isCompressed && { uncompressed: plain }),
  };
}
