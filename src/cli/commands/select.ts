import { countBroken, judgeIntake } from '../../archive/line-intake.ts';
import { plural } from '../../archive/plural.ts';
import { selectEvents, type SelectSummary } from '../../archive/select.ts';
import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { parseKeyList } from '../../event/key-list.ts';
import { GzipMembers } from '../../jsonl/gzip-members.ts';
import { BackupOperands } from '../backup-operands.ts';
import type { CommandModule } from '../command-module.ts';
import { intakeRecord, leftOutLines } from '../intake-lines.ts';
import { line, styled } from '../line.ts';
import type { Output } from '../output.ts';
import { startProgress } from '../progress.ts';
import { formatCount } from '../progress-format.ts';
import { readNamedText } from '../read-named-text.ts';
import { declareSelectFlags, selectRulesOf, type SelectFlags } from '../select-flags.ts';
import { isStdout } from '../stdout-file.ts';

export const select: CommandModule<SelectFlags> = {
  name: 'select',
  summary: 'a filter for pipes: some events of a backup, bytes untouched',
  jsonTo: 'stderr',
  examples: [
    '--svc checkpoint < backup.jsonl > checkpoints.jsonl',
    '--nara alice --since 30d --proof signed a.jsonl b.jsonl.gz',
    '--sample 1000 --seed monday backup.jsonl.gz',
  ],
  environment: { TMPDIR: 'where large samples lie, and stdin for --proof signed' },
  notes: [
    'Lines go through byte for byte, in their order, copies too; a last line without',
    'its line feed gets one. Lines that hold no event are left out, and counted.',
    'Without --proof, misfits and hostile events are left out, with --invert, too;',
    'with --proof none they are events like others.',
    '--invert turns all tests around together; --limit and --sample come after it.',
    '--proof signed reads the input twice (stdin by way of a private file): keys come',
    'from its own greetings, and of names in --keys from there alone.',
  ].join('\n'),

  declare(command) {
    command
      .argument('[file...]', 'backups, plain or gzip; none or - is stdin')
      .description('Writes the events that the flags select to stdout, each line as it was.');
    declareSelectFlags(command);
  },

  async run(flags, { operands, output, stdin, signal, showHelp }) {
    const backups = new BackupOperands(operands);
    if (backups.waitsForTyping(stdin)) return showHelp();
    const rules = selectRulesOf(flags);
    for (const path of backups.paths) {
      if (path !== '-' && isStdout(path))
        throw new MeshBackupError('USAGE', `stdout is ${path}, which is to be read.`);
    }
    const pinnedKeys =
      flags.keys === undefined ? [] : parseKeyList(await readNamedText(flags.keys, 'the keys file'));
    const toStdout = (lines: Buffer): Promise<void> => output.write(lines);
    const gzip = flags.gzip === true ? new GzipMembers(toStdout) : undefined;
    const files = await backups.open(stdin, signal);
    const progress = startProgress(output, true);
    const startedMs = Date.now();
    try {
      const summary = await selectEvents({
        ...rules,
        files,
        pinnedKeys,
        signal,
        write: gzip === undefined ? toStdout : (lines) => gzip.write(lines),
        onRead: (events, bytes) => {
          progress.update({ label: 'Reading', events, bytes, perPeer: [], startedMs, nowMs: Date.now() });
        },
      });
      await gzip?.end();
      progress.stop();
      return report(summary, rules.sample?.seed, flags, output);
    } finally {
      progress.stop();
      await Promise.all(files.map((file) => file.close()));
    }
  },
};

function report(
  summary: SelectSummary,
  seed: string | undefined,
  { strict, quiet }: SelectFlags,
  output: Output,
): ExitStatus {
  const { input, selected, written, bytesWritten, ...counts } = summary;
  const error = (strict === true ? judgeStrictly(summary) : undefined) ?? judgeIntake(input);
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    output.record({
      type: 'summary',
      exitStatus,
      input: intakeRecord(input),
      selected,
      ...counts,
      written,
      bytesWritten,
      seed,
    });
    return exitStatus;
  }
  const { leftOut, isCutShort } = counts;
  const leftOutOf = {
    ...input,
    blank: 0,
    empty: [],
    ...(leftOut === 0 && { misfits: 0, hostile: new Map() }),
  };
  for (const text of quiet === true ? [] : leftOutLines(leftOutOf))
    output.warn(line`${styled('yellow', '⚠️  left out:')} ${text}`);
  const rest = isCutShort ? ', and the rest was not looked at' : '';
  output.detail(
    line`${formatCount(written)} written, ${formatCount(selected)} selected of ${formatCount(input.events)} ${plural(input.events, 'event')}${rest}`,
  );
  if (seed !== undefined) output.detail(line`The same sample again: --seed ${seed}`);
  if (error !== undefined) output.fail(error);
  return exitStatus;
}

function judgeStrictly({ input }: SelectSummary): MeshBackupError | undefined {
  const broken = countBroken(input);
  if (broken + input.damage.length === 0) return undefined;
  const reason = input.damage[0] ?? `${broken} ${broken === 1 ? 'line holds' : 'lines hold'} no event`;
  return new MeshBackupError('FILE_DAMAGED', `Not all of the input is a backup: ${reason}.`, {
    hint: 'What was selected is written.',
  });
}
