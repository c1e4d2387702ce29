import { walkState, type WalkReport } from '../sync/walk-report.ts';

/** What came of a peer, for `--json` and receipts: times are decimal strings of unix nanoseconds. */
export function peerRecord(report: WalkReport): Record<string, unknown> {
  const { label, url, claimedName, publicKey, proven, requests, bytes, events, warnings, takenFromMs } =
    report;
  return {
    name: label,
    url,
    claimedName,
    publicKey,
    proven,
    state: walkState(report),
    requests,
    bytes,
    events,
    firstTs: report.firstTsNs?.toString(),
    lastTs: report.lastTsNs?.toString(),
    takenFrom: takenFromMs === undefined ? undefined : new Date(takenFromMs).toISOString(),
    flaws: report.flaws.map(({ error, fromNs, toNs }) => ({
      code: error.code,
      message: error.message,
      hint: error.hint,
      fromTs: fromNs?.toString(),
      toTs: toNs?.toString(),
    })),
    warnings,
  };
}
