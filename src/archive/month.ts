/** Names the month in UTC of times that mostly come in order: a month is worked out once, not for each event. */
export class MonthNames {
  #name = '';
  #startNs = 0n;
  #endNs = 0n;

  /** `2026-01`. Any int64 of unix nanoseconds lies between 1677 and 2262. */
  of(tsNs: bigint): string {
    if (tsNs >= this.#startNs && tsNs < this.#endNs) return this.#name;
    const date = new Date(Math.floor(Number(tsNs) / 1e6));
    // The division of a double may be off by a fraction of a millisecond: the month's own bounds decide.
    const year = date.getUTCFullYear();
    let month = date.getUTCMonth();
    if (tsNs < nsOf(year, month)) month--;
    else if (tsNs >= nsOf(year, month + 1)) month++;
    this.#startNs = nsOf(year, month);
    this.#endNs = nsOf(year, month + 1);
    this.#name = new Date(Date.UTC(year, month)).toISOString().slice(0, 7);
    return this.#name;
  }
}

function nsOf(year: number, month: number): bigint {
  return BigInt(Date.UTC(year, month)) * 1_000_000n;
}
