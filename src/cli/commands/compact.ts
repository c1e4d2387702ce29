import { Option } from 'commander';
import { COMPACT_MEMORY_BYTES } from '../../archive/compact-options.ts';
import { judgeCompact } from '../../archive/compact-outcome.ts';
import { compact } from '../../archive/compact.ts';
import type { ExitStatus } from '../../errors.ts';
import type { LineFile } from '../../jsonl/line-file.ts';
import { BackupOperands } from '../backup-operands.ts';
import type { CommandModule } from '../command-module.ts';
import { assertCompactPlacesApart, openCompactTarget, type CompactFlags } from '../compact-target.ts';
import { CompactProgress } from '../compact-progress.ts';
import {
  compactLines,
  compactRecord,
  compactWarnings,
  compactWrittenLine,
  type CompactOutcome,
} from '../compact-report.ts';
import { line } from '../line.ts';
import { optionValue } from '../option-value.ts';
import type { Output } from '../output.ts';
import { startProgress } from '../progress.ts';
import { RecordSinks } from '../record-sinks.ts';
import { readPinnedKeys } from '../restore-flags.ts';
import { parseSizeBytes } from '../size.ts';
import type { RecordSink } from '../../jsonl/record-sink.ts';

export const compactBackups: CommandModule<CompactFlags> = {
  name: 'compact',
  summary: 'make one sorted backup of many, each event once',
  jsonTo: 'stdout',
  examples: [
    'night-*.jsonl.gz -o all.jsonl.gz',
    'a.jsonl b.jsonl -o a.jsonl --dry-run',
    'all.jsonl -o all.jsonl',
  ],
  environment: { TMPDIR: 'where the private file lies if OUT is a stream' },
  notes:
    'What OUT holds already is one of the inputs, named or not: compacting never\n' +
    'costs an event. The same lines give the same bytes, however they are split\n' +
    'over files.',

  declare(command) {
    command
      .argument('[file...]', 'backups, plain or gzip; none or - is stdin')
      .description(
        'Makes one backup of any number of them, sorted or not: oldest first, each event\n' +
          'once, in the best copy that any of them holds, byte for byte. Lines that hold\n' +
          'no good event go to OUT.quarantine.',
      )
      .option('-o, --output <file>', 'the backup to make, whole or not at all;\n- is stdout')
      .option('--gzip', 'compress; OUT.gz always is')
      .option('--fresh', 'leave out what OUT holds; that stays, as OUT.old')
      .option('--dry-run', 'read and report, write nothing')
      .option('--keys <file>', 'keys that you vouch for: `name key` lines or NDJSON')
      .option('--quarantine <file>', 'keep lines that hold no good event here, as NDJSON')
      .option('--variants <file>', 'keep copies that lost but say something else here,\nnot in OUT.variants')
      .option('--keep-misfits', 'write events whose ID does not fit, too')
      .option('--strict', 'lines that hold no good event are a failure (13)')
      .addOption(
        new Option('--memory <size>', 'for what is sorted; more goes to a private file\nbeside OUT')
          .argParser(optionValue(parseSizeBytes))
          .default(COMPACT_MEMORY_BYTES, '256MiB'),
      );
  },

  async run(flags, context) {
    const { output, stdin, signal } = context;
    const operands = new BackupOperands(context.operands);
    if (operands.waitsForTyping(stdin)) return context.showHelp();
    await assertCompactPlacesApart(flags, operands);
    const pinnedKeys = await readPinnedKeys(flags);
    const target = await openCompactTarget(flags, output);
    const sinks = new RecordSinks();
    const progress = startProgress(output, target.path === undefined);
    const isRehearsal = flags.dryRun ?? false;
    let named: LineFile[] = [];
    try {
      named = await operands.open(stdin, signal);
      const { files: inputs, own } = await target.inputs(named);
      const beside = (ending: string): RecordSink | undefined =>
        target.path === undefined ? undefined : sinks.later(`${target.path}.${ending}`);
      const summary = await compact({
        inputs,
        destination: target.destination,
        pinnedKeys,
        keepMisfits: flags.keepMisfits ?? false,
        memoryBytes: flags.memory,
        quarantine: isRehearsal ? undefined : ((await sinks.open(flags.quarantine)) ?? beside('quarantine')),
        variants: isRehearsal ? undefined : ((await sinks.open(flags.variants)) ?? beside('variants')),
        signal,
        observer: new CompactProgress(progress),
      });
      progress.stop();
      const error = judgeCompact(summary, flags.strict ?? false);
      const isWritten = summary.lines.written > 0;
      if (isWritten) await target.commit((summary.inputs[own]?.damage.length ?? 0) > 0);
      return report({ summary, error, path: target.path, isWritten: isWritten && !isRehearsal }, output);
    } finally {
      progress.stop();
      await Promise.all([sinks.close(), target.close(), ...named.map((file) => file.close())]);
    }
  },
};

/** Quiet when all is well and nobody looks. */
function report(outcome: CompactOutcome, output: Output): ExitStatus {
  const { summary, error } = outcome;
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    output.record(compactRecord(outcome, exitStatus));
    return exitStatus;
  }
  for (const warning of compactWarnings(summary)) output.warn(warning);
  if (error !== undefined || output.isTerminal || output.verbose || !outcome.isWritten) {
    for (const text of compactLines(summary)) output.tell(text);
    output.tell(compactWrittenLine(outcome));
  }
  if (error === undefined) output.detail(line`✅ ${summary.lines.written} unique events`);
  else output.fail(error);
  return exitStatus;
}
