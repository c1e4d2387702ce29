import { measuredRecord } from '../receipt/meter.ts';
import { peerRecord } from '../dump/peer-record.ts';
import type { DumpSummary, EvidenceCounts, PriorSummary, Suspects } from '../dump/summary.ts';
import type { MeshBackupError } from '../errors.ts';
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

/** A dump, and what became of its backup. */
export interface DumpOutcome {
  readonly summary: DumpSummary;
  readonly error: MeshBackupError | undefined;
  /** The backup's path; `undefined`: a stream. */
  readonly path: string | undefined;
  /** Whether what was written stands in the backup now. */
  readonly isWritten: boolean;
}

/** The summary for people. */
export function summaryLines({ peers, events, evidence, before, leftDamaged }: DumpSummary): Line[] {
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
    ...peers
      .filter(({ takenFromMs }) => takenFromMs !== undefined)
      .map((peer) => line`  not walked  ${peer.label}: a run that was cut short had walked it to its end`),
    styled(
      'bold',
      line`Events: ${n(events.read)} read = ${n(events.written)} written + ${n(events.duplicate)} duplicate + ${n(events.quarantined)} quarantined + ${n(events.filtered)} filtered`,
    ),
    line`  ${n(events.better)} with a better copy chosen, ${n(events.variants)} variants, ${n(events.misfit)} misfit, ${n(events.hostile)} hostile,`,
    line`  ${n(events.unknownService)} of unknown services, ${n(events.ambiguous)} ambiguous, ${n(events.future)} in the future`,
    ...(events.fromBackup + events.fromEarlierRuns > 0
      ? [
          line`  ${n(events.fromBackup)} were in the backup, ${n(events.fromEarlierRuns)} came from runs that were cut short; ${n(events.added)} are new`,
        ]
      : []),
    ...(evidence === undefined ? [] : evidenceLines(evidence)),
    ...(before === undefined ? [] : priorLines(before)),
    ...(leftDamaged > 0 ? [line`  ${n(leftDamaged)} lines of runs that were cut short hold no event`] : []),
  ];
}

function evidenceLines({ files, leftOut, isFull }: EvidenceCounts): Line[] {
  const further =
    leftOut > 0 ? [line`  ${formatCount(leftOut)} further false copies are in no evidence`] : [];
  const full = isFull
    ? [line`⚠️  More evidence than one run may add: 100 files, 1 GiB. Run again for the rest.`]
    : [];
  return files > 0 || leftOut > 0
    ? [line`  ${formatCount(files)} files of evidence kept`, ...further, ...full]
    : [];
}

function priorLines({ moved, damaged, trouble }: PriorSummary): Line[] {
  return [
    ...(moved > 0 ? [line`  ${formatCount(moved)} lines of the backup moved to its quarantine`] : []),
    ...(damaged > 0 ? [line`  ${formatCount(damaged)} lines of the known backup hold no event`] : []),
    ...trouble.map((text) => line`  the backup could not be read whole: ${text}`),
  ];
}

/** The last line of the summary: where it all went. */
export function writtenLine({ summary, path, isWritten }: DumpOutcome): Line {
  if (!isWritten) return line`${path ?? 'stdout'} is as it was: nothing was given`;
  const size = line`${formatBytes(summary.output.raw.bytes)} written in ${formatDuration(summary.elapsedMs)}`;
  return path === undefined ? size : line`${size} to ${path}`;
}

/** The summary for scripts, the last record of `--json`. */
export function summaryRecord({ summary, path, isWritten }: DumpOutcome, exitStatus: number): JsonRecord {
  const { events, suspects, evidence, output, before, leftDamaged, elapsedMs } = summary;
  return {
    type: 'summary',
    exitStatus,
    file: path,
    isWritten,
    peers: summary.peers.map(peerRecord),
    events,
    suspects,
    evidence,
    bytesWritten: output.raw.bytes,
    output: measuredRecord(output),
    before: before && priorRecord(before),
    leftDamaged,
    elapsedMs,
  };
}

function priorRecord({ moved, damaged, trouble, ...measured }: PriorSummary): Record<string, unknown> {
  return { ...measuredRecord(measured), moved, damaged, trouble };
}
