import type { DumpSummary, Suspects } from '../dump/summary.ts';
import { walkState, type Flaw, type WalkReport } from '../sync/walk-report.ts';
import { line, paragraph, styled, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';
import { formatBytes, formatCount, formatDuration } from './progress-format.ts';

/** The one line that a peer's failure is always worth, in the original's words. */
export function failureLine(report: WalkReport): Line {
  const reasons = reasonsOf(report);
  return walkState(report) === 'failed'
    ? line`⚠️  Failed to fetch from ${report.label}: ${reasons}`
    : line`⚠️  Incomplete: ${report.label} gave ${formatCount(report.events)} events, ${reasons}`;
}

function reasonsOf(report: WalkReport): string {
  const isFailed = walkState(report) === 'failed'; // then all is missing, from whenever on
  return report.flaws.map((flaw) => flawText(isFailed ? { error: flaw.error } : flaw)).join('; ');
}

function flawText({ error, fromNs, toNs }: Flaw): string {
  const from = fromNs === undefined ? undefined : formatMoment(fromNs);
  const to = toNs === undefined ? undefined : formatMoment(toNs);
  const what = `${error.message} (${error.code})`;
  if (from !== undefined && from === to) return `missing some of ${from}: ${what}`;
  if (from !== undefined && to !== undefined) return `missing from ${from} to ${to}: ${what}`;
  if (from !== undefined) return `missing from ${from} on: ${what}`;
  return to === undefined ? what : `missing before ${to}: ${what}`;
}

/** RFC 3339 in UTC; `undefined` for the ends of int64, which no date can say. */
function formatMoment(ns: bigint): string | undefined {
  const date = new Date(Number(ns / 1_000_000n));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1700) return undefined;
  const nanoseconds = String(((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0');
  return `${date.toISOString().slice(0, 19)}.${nanoseconds}Z`;
}

/** What peers gave that does not verify, a line for each peer. */
export function suspectLines(suspects: readonly Suspects[]): Line[] {
  const byPeer = new Map<string, Suspects[]>();
  for (const one of suspects) byPeer.set(one.peer, [...(byPeer.get(one.peer) ?? []), one]);
  return [...byPeer].map(([peer, ofPeer]) => {
    const count = ofPeer.reduce((sum, one) => sum + one.count, 0);
    const kinds = ofPeer.map((one) => `${formatCount(one.count)} ${one.class} (${one.reason})`).join(', ');
    return line`⚠️  ${peer} gave ${formatCount(count)} events that do not verify: ${paragraph(kinds)}`;
  });
}

/** The summary for people. */
export function summaryLines({ peers, events, bytesWritten, elapsedMs, knownDamaged }: DumpSummary): Line[] {
  const inState = (state: string): readonly WalkReport[] => peers.filter((peer) => walkState(peer) === state);
  const incomplete = inState('incomplete');
  const failed = inState('failed');
  const n = formatCount;
  return [
    styled(
      'bold',
      line`Peers:  ${peers.length} tried, ${inState('complete').length} complete, ${incomplete.length} incomplete, ${failed.length} failed`,
    ),
    ...incomplete.map((peer) => line`  incomplete  ${peer.label}: ${reasonsOf(peer)}`),
    ...failed.map((peer) => line`  failed      ${peer.label}: ${reasonsOf(peer)}`),
    ...peers
      .filter(({ proven, events: given }) => !proven && given > 0)
      .map((peer) => line`  unproven    ${peer.label}`),
    styled(
      'bold',
      line`Events: ${n(events.read)} read = ${n(events.written)} written + ${n(events.duplicate)} duplicate + ${n(events.quarantined)} quarantined + ${n(events.filtered)} filtered`,
    ),
    line`  ${n(events.better)} with a better copy chosen, ${n(events.variants)} variants, ${n(events.misfit)} misfit, ${n(events.hostile)} hostile,`,
    line`  ${n(events.unknownService)} of unknown services, ${n(events.ambiguous)} ambiguous, ${n(events.future)} in the future`,
    ...(knownDamaged > 0 ? [line`  ${n(knownDamaged)} lines of the known backup hold no event`] : []),
    line`${formatBytes(bytesWritten)} written in ${formatDuration(elapsedMs)}`,
  ];
}

/** The summary for scripts, the last record of `--json`. */
export function summaryRecord(summary: DumpSummary, exitStatus: number): JsonRecord {
  return {
    type: 'summary',
    exitStatus,
    peers: summary.peers.map(peerRecord),
    events: summary.events,
    suspects: summary.suspects,
    bytesWritten: summary.bytesWritten,
    elapsedMs: summary.elapsedMs,
    knownDamaged: summary.knownDamaged,
  };
}

export function peerRecord(report: WalkReport): Record<string, unknown> {
  const { label, url, claimedName, publicKey, proven, requests, bytes, events, warnings } = report;
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
    firstTs: report.firstTsNs,
    lastTs: report.lastTsNs,
    flaws: report.flaws.map(({ error, fromNs, toNs }) => ({
      code: error.code,
      message: error.message,
      hint: error.hint,
      fromTs: fromNs,
      toTs: toNs,
    })),
    warnings,
  };
}
