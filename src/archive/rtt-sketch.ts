/** So many values are kept as they are, and their quantiles are exact. */
const EXACT_VALUES = 32;
/** Buckets grow by this factor: what stands for a bucket is within 1 % of all that is in it. */
const GROWTH = 1.02;
const LOG_GROWTH = Math.log(GROWTH);
/** Milliseconds; what is less shares a bucket, as does what is more than the last one holds (2.7 hours). */
const LEAST_MS = 0.01;
const BUCKETS = 1 + Math.ceil(Math.log(1e9) / LOG_GROWTH);

/**
 * Quantiles of round-trip times in 4 KB at most: a histogram whose buckets grow by a constant factor (as DDSketch's), so
 * that two of them add up to the one of all values.
 */
export class RttSketch {
  count = 0;
  minMs = Infinity;
  maxMs = -Infinity;
  #values: number[] = [];
  #buckets: Uint32Array | undefined;

  add(ms: number): void {
    this.#extend(1, ms, ms);
    if (this.#buckets === undefined && this.#values.length < EXACT_VALUES) this.#values.push(ms);
    else this.#spread()[bucketOf(ms)]!++;
  }

  /** Adds all values of another one. */
  merge(other: RttSketch): void {
    if (other.#buckets === undefined) {
      for (const ms of other.#values) this.add(ms);
      return;
    }
    this.#extend(other.count, other.minMs, other.maxMs);
    const buckets = this.#spread();
    for (const [at, count] of other.#buckets.entries()) buckets[at]! += count;
  }

  /** The value that the share `part` of all is not above (nearest rank), in milliseconds, within 1 %; NaN of none. */
  quantile(part: number): number {
    const rank = Math.max(1, Math.ceil(part * this.count));
    if (this.#buckets === undefined) return this.#values.toSorted((a, b) => a - b)[rank - 1] ?? NaN;
    let passed = 0;
    const at = this.#buckets.findIndex((count) => (passed += count) >= rank);
    return Math.min(Math.max(middleOf(at), this.minMs), this.maxMs);
  }

  #extend(count: number, minMs: number, maxMs: number): void {
    this.count += count;
    this.minMs = Math.min(this.minMs, minMs);
    this.maxMs = Math.max(this.maxMs, maxMs);
  }

  /** The buckets, with the values in them. */
  #spread(): Uint32Array {
    if (this.#buckets !== undefined) return this.#buckets;
    const buckets = new Uint32Array(BUCKETS);
    for (const ms of this.#values) buckets[bucketOf(ms)]!++;
    this.#values = [];
    return (this.#buckets = buckets);
  }
}

function bucketOf(ms: number): number {
  if (ms <= LEAST_MS) return 0;
  return Math.min(Math.ceil(Math.log(ms / LEAST_MS) / LOG_GROWTH), BUCKETS - 1);
}

/** As far from both ends of the bucket, by factor. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : (LEAST_MS * GROWTH ** bucket * 2) / (1 + GROWTH);
}
