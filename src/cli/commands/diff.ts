import { Option, type Command } from 'commander';
import type { DiffKind } from '../../archive/diff-counts.ts';
import { DIFF_MEMORY_BYTES } from '../../archive/diff-options.ts';
import { judgeDiff } from '../../archive/diff-outcome.ts';
import { diff } from '../../archive/diff.ts';
import { MeshBackupError } from '../../errors.ts';
import { BackupOperands } from '../backup-operands.ts';
import type { CommandModule } from '../command-module.ts';
import { DiffLinePrinter } from '../diff-line-printer.ts';
import { diffLines, diffRecord } from '../diff-report.ts';
import { optionValue } from '../option-value.ts';
import { startProgress } from '../progress.ts';
import { declareSelection, selectionOf, type SelectionFlags } from '../selection-flags.ts';
import { parseSizeBytes } from '../size.ts';

/** The flags of `diff`, as commander reads them. */
interface DiffFlags extends SelectionFlags {
  readonly onlyA?: true;
  readonly onlyB?: true;
  readonly changed?: true;
  readonly exitCode?: true;
  readonly memory: number;
}

export const diffBackups: CommandModule<DiffFlags> = {
  name: 'diff',
  summary: 'show what one backup has and the other has not',
  jsonTo: 'stdout',
  examples: [
    'old.jsonl new.jsonl.gz',
    'a.jsonl b.jsonl --only-b > lacking.jsonl',
    'a.jsonl - --exit-code < b.jsonl',
  ],
  environment: { TMPDIR: 'where the private file lies that --memory speaks of' },
  notes:
    'Lines are printed as the files have them. With more than one of --only-a,\n' +
    '--only-b and --changed each is led by < (A has it) or > (B has it) and a blank.',

  declare(command: Command) {
    command
      .argument('<a>', 'a backup, plain or gzip; - is stdin')
      .argument('<b>', 'the one that it is compared with')
      .description(
        'Compares two backups, in whatever order and however often they hold their\n' +
          'events: what only A has, what only B has, and what both have in different\n' +
          'copies, by service and month. An event is known by its ID where that fits,\n' +
          'else by its bytes; so are lines that hold no event.',
      )
      .option('--only-a', 'print the lines that only A has')
      .option('--only-b', 'print the lines that only B has')
      .option('--changed', "print the differing copies of what both have, A's first")
      .option('--exit-code', 'end with 3 if they differ; else that is 0, too');
    declareSelection(command).addOption(
      new Option('--memory <size>', 'for what is sorted; more goes to a private file\nin TMPDIR')
        .argParser(optionValue(parseSizeBytes))
        .default(DIFF_MEMORY_BYTES, '128MiB'),
    );
  },

  async run(flags, { operands, output, stdin, signal, showHelp }) {
    if (operands.length !== 2) throw new MeshBackupError('USAGE', 'diff wants two backups: A and B.');
    const backups = new BackupOperands(operands);
    if (backups.waitsForTyping(stdin)) return showHelp();
    const filter = selectionOf(flags);
    const wanted = wantedBy(flags);
    const files = await backups.open(stdin, signal);
    const progress = startProgress(output, true);
    const startedMs = Date.now();
    const printer = new DiffLinePrinter(output, wanted.size > 1);
    try {
      const summary = await diff({
        a: files[0]!,
        b: files[1]!,
        filter,
        memoryBytes: flags.memory,
        wanted,
        onLine: wanted.size === 0 ? undefined : (line) => printer.add(line),
        signal,
        onRead: (events, bytes) => {
          progress.update({ label: 'reading', events, bytes, perPeer: [], startedMs, nowMs: Date.now() });
        },
      });
      progress.stop();
      await printer.end();
      const error = judgeDiff(summary, flags.exitCode ?? false);
      const exitStatus = error?.exitStatus ?? 0;
      if (output.json) {
        if (error !== undefined) output.fail(error);
        output.record(diffRecord(summary, exitStatus));
        return exitStatus;
      }
      const isTold = wanted.size === 0 || output.isTerminal || output.verbose;
      for (const text of isTold
        ? diffLines(summary, error === undefined || error.code === 'DIFFERENT')
        : []) {
        if (wanted.size === 0) await output.print(text);
        else output.tell(text);
      }
      // That they differ is said already, unless their lines are the answer.
      if (error !== undefined && (error.code !== 'DIFFERENT' || !isTold)) output.fail(error);
      return exitStatus;
    } finally {
      progress.stop();
      await Promise.all(files.map((file) => file.close()));
    }
  },
};

function wantedBy({ onlyA, onlyB, changed }: DiffFlags): ReadonlySet<DiffKind> {
  return new Set<DiffKind>([
    ...(onlyA ? (['onlyA'] as const) : []),
    ...(onlyB ? (['onlyB'] as const) : []),
    ...(changed ? (['changed'] as const) : []),
  ]);
}
