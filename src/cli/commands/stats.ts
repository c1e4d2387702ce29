import { judgeIntake } from '../../archive/line-intake.ts';
import { collectStats, type StatsSummary } from '../../archive/stats.ts';
import type { ExitStatus } from '../../errors.ts';
import { BackupOperands } from '../backup-operands.ts';
import type { CommandModule } from '../command-module.ts';
import { parseCount } from '../count.ts';
import { line } from '../line.ts';
import { optionValue } from '../option-value.ts';
import type { Output } from '../output.ts';
import { startProgress } from '../progress.ts';
import { statsRecords } from '../stats-records.ts';
import { statsLines } from '../stats-report.ts';

interface StatsFlags {
  readonly top?: number;
}

const DEFAULT_TOP = 10;
/** Wider tables are hard to read, and there is nothing more to tell. */
const MAX_COLUMNS = 80;

export const stats: CommandModule<StatsFlags> = {
  name: 'stats',
  summary: 'what backups hold: counts, times, pings, restarts',
  jsonTo: 'stdout',
  examples: ['backup.jsonl', '2026-*.jsonl.gz', '--json < backup.jsonl'],
  notes: [
    'One pass, in memory that does not grow. Copies count as often as they are there:',
    'compact backups first. Signatures are counted, not verified. Times are UTC.',
    'Beyond 256 services, 4,096 emitters or pairs, 1,024 naras or 65,536 hours the',
    'smaller ones become a rest, and what a figure may lack is said.',
    'Medians and 95 % are exact up to 32 pings of a pair, then within 1 %.',
  ].join('\n'),

  declare(command) {
    command
      .argument('[file...]', 'backups, plain or gzip; none or - is stdin')
      .description(
        'Counts events and bytes by service, emitter and month, finds the time span and\n' +
          'the busiest hour, round-trip times by pair and restarts by nara.',
      )
      .option(
        '--top <n>',
        `rows of each table (default: ${DEFAULT_TOP}; with --json all)`,
        optionValue(parseCount(1, 1_000_000)),
      );
  },

  async run({ top }, { operands, output, stdin, signal, showHelp }) {
    const backups = new BackupOperands(operands);
    if (backups.waitsForTyping(stdin)) return showHelp();
    const files = await backups.open(stdin, signal);
    const progress = startProgress(output, false);
    const startedMs = Date.now();
    try {
      const summary = await collectStats({
        files,
        signal,
        onRead: (events, bytes) => {
          progress.update({ label: 'Reading', events, bytes, perPeer: [], startedMs, nowMs: Date.now() });
        },
      });
      progress.stop();
      return await report(summary, top, output);
    } finally {
      progress.stop();
      await Promise.all(files.map((file) => file.close()));
    }
  },
};

async function report(summary: StatsSummary, top: number | undefined, output: Output): Promise<ExitStatus> {
  const error = judgeIntake(summary.input);
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    for (const record of statsRecords(summary, top ?? Infinity, exitStatus)) output.record(record);
    return exitStatus;
  }
  const columns = Math.min(output.stdout.columns ?? MAX_COLUMNS, MAX_COLUMNS);
  for (const text of statsLines(summary, top ?? DEFAULT_TOP, columns)) await output.print(text);
  if (error !== undefined) output.fail(error);
  else if (summary.input.events === 0) output.warn(line`There is no event in what was given.`);
  return exitStatus;
}
