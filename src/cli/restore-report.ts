import type { MeshBackupError } from '../errors.ts';
import { MISSING_REASONS } from '../restore/confirm.ts';
import type { RestoreSummary } from '../restore/restore-summary.ts';
import type { Share } from '../restore/shares.ts';
import { STAY_REASONS, totalStay, type StayReason } from '../restore/stay-reason.ts';
import { line, styled, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';
import { formatCount, formatDuration } from './progress-format.ts';

const n = formatCount;

/** In the original's words; what the target has already was a duplicate to it. */
export function successLines({ url, sent, stay }: RestoreSummary): Line[] {
  return [
    styled('green', line`✅ Successfully imported events to ${url.replace(/\/$/, '')}`),
    line`   Imported: ${sent.imported + sent.foundUnanswered} events`,
    line`   Duplicates: ${sent.duplicates + (stay.there ?? 0)} events`,
  ];
}

/** The account of a restore, for people. */
export function accountLines(summary: RestoreSummary): Line[] {
  const { input, duplicates, stay, toGo, isDryRun } = summary;
  const { events, broken, blank } = input.lines;
  const staying = totalStay(stay);
  const verb = isDryRun ? 'would be sent' : 'to go';
  return [
    styled(
      'bold',
      line`Events: ${n(events)} read = ${n(duplicates)} copies + ${n(staying)} not sent + ${n(toGo.events)} ${verb}`,
    ),
    ...(broken + blank > 0 ? [line`  ${n(broken)} lines hold no event, ${n(blank)} are blank`] : []),
    ...input.damage.map((reason) => line`  not read whole: ${reason}`),
    ...Object.entries(stay).map(
      ([reason, count]) => line`  ${n(count).padStart(11)}  not sent: ${STAY_REASONS[reason as StayReason]}`,
    ),
    ...(isDryRun ? planLines(summary) : sentLines(summary)),
    ...targetLines(summary),
  ];
}

function planLines({ toGo }: RestoreSummary): Line[] {
  const rows = (title: string, shares: ReadonlyMap<string, Share>): Line[] =>
    shares.size === 0 ? [] : [styled('bold', line`${title}`), ...[...shares].map(shareLine)];
  return [...rows('By service:', toGo.byService), ...rows('By month:', toGo.byMonth)];
}

function shareLine([name, { events, firstTsNs, lastTsNs }]: [string, Share]): Line {
  return line`  ${n(events).padStart(11)}  ${name.padEnd(11)}  ${day(firstTsNs)} to ${day(lastTsNs)}`;
}

function day(tsNs: bigint): string {
  return new Date(Number(tsNs / 1_000_000n)).toISOString().slice(0, 10);
}

function sentLines({ sent, confirmed, toGo }: RestoreSummary): Line[] {
  if (toGo.events === 0) return [];
  const { delivered, batches, requests, warnings, foundUnanswered, rejects } = sent;
  return [
    styled('bold', line`Sent:   ${n(delivered)} in ${n(batches)} batches, ${n(requests)} requests`),
    ...(foundUnanswered > 0 ? [line`  ${n(foundUnanswered)} had arrived although no answer came`] : []),
    ...(warnings > 0 ? [line`  ${n(warnings)} signed by names whose key the target does not know`] : []),
    ...(rejects.length > 0 ? [line`  ${n(rejects.length)} rejected`] : []),
    ...(confirmed === undefined ? [] : confirmedLines(confirmed)),
  ];
}

function confirmedLines({ there, missing, resent }: NonNullable<RestoreSummary['confirmed']>): Line[] {
  return [
    ...(resent > 0 ? [line`  ${n(resent)} were gone at the later look, and were sent once more`] : []),
    styled('bold', line`There:  ${n(there)} of them`),
    ...[...missing].map(
      ([reason, count]) => line`  ${n(count).padStart(11)}  not there: ${MISSING_REASONS[reason]}`,
    ),
  ];
}

function targetLines({ target, total, elapsedMs, isDryRun }: RestoreSummary): Line[] {
  const { held, capacity, overCapacity, savedTo } = target;
  return [
    ...(held === undefined
      ? []
      : [line`Target: ${n(held)} events before${capacity === undefined ? '' : `, room for ${n(capacity)}`}`]),
    ...(overCapacity > 0
      ? [line`⚠️  ${n(overCapacity)} more than it has room for: so many of the least kept will fall out`]
      : []),
    ...(total === undefined ? [] : [line`  ${n(total)} events now`]),
    ...(savedTo === undefined ? [] : [line`  what it held before is saved in ${savedTo}`]),
    ...(isDryRun ? [line`Nothing was changed.`] : [line`Done in ${formatDuration(elapsedMs)}`]),
  ];
}

/** The summary for scripts, the last record of `--json`. */
export function restoreRecord(summary: RestoreSummary, exitStatus: number): JsonRecord {
  const { input, toGo, sent, confirmed, trouble, ...rest } = summary;
  return {
    type: 'summary',
    exitStatus,
    ...rest,
    input: { ...input, hostile: Object.fromEntries(input.hostile) },
    toGo: {
      events: toGo.events,
      byService: sharesRecord(toGo.byService),
      byMonth: sharesRecord(toGo.byMonth),
    },
    sent: { ...sent, rejects: sent.rejects.map(({ id, reason }) => ({ id, reason })) },
    confirmed: confirmed && { ...confirmed, missing: Object.fromEntries(confirmed.missing) },
    trouble: trouble && troubleRecord(trouble),
  };
}

function sharesRecord(shares: ReadonlyMap<string, Share>): Record<string, unknown> {
  return Object.fromEntries(
    [...shares].map(([name, { events, firstTsNs, lastTsNs }]) => [
      name,
      { events, firstTs: firstTsNs, lastTs: lastTsNs },
    ]),
  );
}

function troubleRecord({ code, message }: MeshBackupError): Record<string, string> {
  return { code, message };
}
