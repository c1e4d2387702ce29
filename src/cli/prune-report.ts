import { MeshBackupError } from '../errors.ts';
import { leavesOf, receiptToGo } from '../keeping/goes-along.ts';
import type { PlannedFile, PruneOutcome, PrunePlan } from '../keeping/prune-options.ts';
import type { KnownTime } from '../keeping/probe.ts';
import { line, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';
import { formatBytes, formatCount } from './progress-format.ts';
import { layOutTable, NOTHING, type Column } from './text-table.ts';

const n = formatCount;
/** As long as names of files get. */
const WIDEST_NAME = 255;
/** Reasons stand last in their row, where they may be as long as they are. */
const WIDEST_REASON = 1000;

const TIME_SOURCES: Readonly<Record<KnownTime['by'], string>> = {
  signature: 'signed',
  audit: 'audit event',
  event: 'newest event',
};

const COLUMNS: readonly Column<PlannedFile>[] = [
  { title: 'FILE', rank: 0, widest: WIDEST_NAME, cell: ({ listed }) => ({ text: listed.name }) },
  {
    title: 'KIND',
    rank: 1,
    cell: ({ decision }) => (decision.file.kind === undefined ? NOTHING : { text: decision.file.kind }),
  },
  {
    title: 'TIME (UTC)',
    rank: 1,
    cell: (row) => {
      const time = timeOf(row);
      return time === undefined ? NOTHING : { text: minute(time.timeMs) };
    },
  },
  {
    title: 'BY',
    rank: 1,
    cell: (row) => {
      const time = timeOf(row);
      return time === undefined ? NOTHING : { text: TIME_SOURCES[time.by] };
    },
  },
  {
    title: 'WHAT',
    rank: 1,
    cell: ({ decision: { action } }) => ({
      text: action,
      style: action === 'remove' ? 'red' : 'green',
    }),
  },
  {
    title: 'WHY',
    rank: 1,
    widest: WIDEST_REASON,
    cell: (row) => {
      const text = reasonsOf(row).join(', ');
      return text === '' ? NOTHING : { text, style: isPlain(row) ? undefined : 'yellow' };
    },
  },
];

/** What becomes of each backup, and why. No column is left out: lines may be longer than a terminal. */
export function planLines({ files }: PrunePlan): Line[] {
  return files.length === 0 ? [] : layOutTable(COLUMNS, files, Infinity);
}

/** The files that were not looked at. */
export function leftAloneLines({ leftAlone }: PrunePlan): Line[] {
  return leftAlone.map(({ name, reason }) => line`left alone: ${name}: ${reason}`);
}

export function totalLines(plan: PrunePlan, outcome: PruneOutcome | undefined): Line[] {
  const removing = plan.files.filter(({ decision }) => decision.action === 'remove');
  const kept = plan.files.length - removing.length;
  const alone = plan.leftAlone.length === 0 ? '' : `, ${n(plan.leftAlone.length)} other names left alone`;
  const bytes = removing.reduce((sum, file) => sum + sizeOf(file), 0);
  if (outcome === undefined)
    return [line`Would keep ${n(kept)} and remove ${n(removing.length)} (${formatBytes(bytes)})${alone}`];
  const gone = removing.filter(({ listed }) => outcome.removed.includes(listed.name)).length;
  return [
    line`Kept ${n(plan.files.length - gone)}, removed ${n(gone)} (${formatBytes(outcome.bytes)})${alone}`,
  ];
}

export function planRecords(plan: PrunePlan): JsonRecord[] {
  return [
    ...plan.files.map((row): JsonRecord => {
      const { listed, decision } = row;
      const { file, action, standing } = decision;
      const time = timeOf(row);
      const leaves = leavesOf(row);
      return {
        type: 'file',
        file: listed.name,
        bytes: listed.state.size,
        kind: file.kind,
        ...(file.unknown === undefined && { series: file.series, flaws: file.flaws }),
        time: time && new Date(time.timeMs).toISOString(),
        timeBy: time?.by,
        standing,
        action,
        reasons: decision.reasons,
        soleEvents: decision.soleEvents,
        receipt: receiptToGo(row)?.name,
        leaves: leaves.length === 0 ? undefined : leaves,
      };
    }),
    ...plan.leftAlone.map(({ name, reason }): JsonRecord => ({ type: 'left-alone', file: name, reason })),
  ];
}

export function summaryRecord(
  plan: PrunePlan,
  outcome: PruneOutcome | undefined,
  exitStatus: number,
): JsonRecord {
  const count = (is: (file: PlannedFile) => boolean): number => plan.files.filter(is).length;
  return {
    type: 'summary',
    exitStatus,
    dryRun: outcome === undefined,
    files: plan.files.length,
    keep: count(({ decision }) => decision.action === 'keep'),
    remove: count(({ decision }) => decision.action === 'remove'),
    bad: count(({ decision }) => decision.standing === 'bad'),
    unknown: count(({ decision }) => decision.standing === 'unknown'),
    leftAlone: plan.leftAlone.length,
    removed: outcome?.removed,
    bytes: outcome?.bytes,
    stayed: outcome?.stayed,
  };
}

/** What is not well, the worst first; `undefined`: all is. */
export function judgePrune(plan: PrunePlan, outcome: PruneOutcome | undefined): MeshBackupError | undefined {
  const stayed = outcome?.stayed ?? [];
  if (stayed.length > 0) {
    const told = stayed.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
    return new MeshBackupError('FILE_CHANGED', `Not all was removed that was to go: ${told}`, {
      hint: 'Run it again.',
      retryable: true,
    });
  }
  const bad = plan.files.filter(({ decision }) => decision.standing === 'bad' && decision.action === 'keep');
  if (bad.length > 0) {
    return new MeshBackupError('NOT_VERIFIED', `${n(bad.length)} of the backups that stay do not verify.`, {
      hint: 'They take no place in the policy. --include-bad removes those whose series keeps one that verifies.',
    });
  }
  const troubled = plan.files.filter(
    ({ decision: { file } }) => file.unknown !== undefined && file.isTrouble,
  );
  if (troubled.length > 0) {
    return new MeshBackupError(
      'NOT_READ_WHOLE',
      `${n(troubled.length)} of the backups could not be looked at, and stay.`,
    );
  }
  if (plan.files.length > 0) return undefined;
  return new MeshBackupError('NO_BACKUPS', `${plan.folder} holds no backup.`);
}

function isPlain({ decision: { standing, soleEvents } }: PlannedFile): boolean {
  return standing === 'counts' && soleEvents === undefined;
}

function timeOf({ decision: { file } }: PlannedFile): KnownTime | undefined {
  return file.unknown === undefined ? file.time : undefined;
}

function reasonsOf(file: PlannedFile): string[] {
  const { action, reasons } = file.decision;
  const names = action === 'remove' ? leavesOf(file) : [];
  return [...reasons, ...(names.length === 0 ? [] : [`leaves ${names.join(', ')}`])];
}

function sizeOf(file: PlannedFile): number {
  return file.listed.state.size + (receiptToGo(file)?.state.size ?? 0);
}

function minute(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').slice(0, -8);
}
