const SECOND_NS = 1_000_000_000n;
const UNITS = [
  { name: 'ms', ns: 1_000_000n },
  { name: 'µs', ns: 1_000n },
] as const;

/** Nanoseconds as Go prints a Duration: `6m40.586190092s`, `-59.998663142s`, `1.5ms`, `0s`. */
export function formatGoDuration(durationNs: bigint): string {
  if (durationNs < 0n) return `-${formatGoDuration(-durationNs)}`;
  if (durationNs < SECOND_NS) {
    const unit = UNITS.find(({ ns }) => durationNs >= ns);
    if (unit !== undefined) return decimal(durationNs, unit.ns) + unit.name;
    return durationNs === 0n ? '0s' : `${durationNs}ns`;
  }
  const minutes = durationNs / (60n * SECOND_NS);
  const seconds = `${decimal(durationNs % (60n * SECOND_NS), SECOND_NS)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(amountNs: bigint, unitNs: bigint): string {
  const digits = String(unitNs).length - 1;
  const fraction = String(amountNs % unitNs)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(amountNs / unitNs) : `${amountNs / unitNs}.${fraction}`;
}
