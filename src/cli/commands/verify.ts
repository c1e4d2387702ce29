import { readFile } from 'node:fs/promises';
import { judgeVerify } from '../../archive/verify-outcome.ts';
import type { VerifySummary } from '../../archive/verify-summary.ts';
import { verify } from '../../archive/verify.ts';
import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { codeOf, unreadable } from '../../jsonl/storage-failure.ts';
import { assertApart } from '../apart.ts';
import { BackupOperands } from '../backup-operands.ts';
import type { CommandModule } from '../command-module.ts';
import { parseCount } from '../count.ts';
import { FindingsFile } from '../findings-file.ts';
import { optionValue } from '../option-value.ts';
import type { Output } from '../output.ts';
import { startProgress } from '../progress.ts';
import { readPinnedKeys } from '../restore-flags.ts';
import { VerifyNarrator } from '../verify-narrator.ts';
import { signerLines, verifyLines, verifyRecords } from '../verify-report.ts';

interface VerifyFlags {
  readonly keys?: string;
  readonly pinnedOnly?: true;
  readonly receipt?: string;
  readonly evidence?: string;
  readonly findings?: string;
  readonly strict?: true;
  /** `--no-signatures` makes it false. */
  readonly signatures: boolean;
  readonly workers?: number;
  readonly quiet?: true;
}

export const verifyCommand: CommandModule<VerifyFlags> = {
  name: 'verify',
  summary: 'say of every line of a backup what proves it',
  jsonTo: 'stdout',
  examples: [
    'a.jsonl',
    '-q --receipt auto --keys keys.txt a.jsonl.gz',
    '--findings findings.ndjson a.jsonl b.jsonl.gz',
    '--evidence evidence --keys keys.txt',
  ],
  environment: { TMPDIR: 'where stdin is kept while it is read twice' },
  notes: [
    'KEY?: signed, but no key of the signer is known. OTHER: signed by another than',
    'who acts in it. FALSE: the signature is. SERVICE?: what nobody knows how to',
    'check. docs/archive.md says what to do about each.',
  ].join('\n'),

  declare(command) {
    command
      .argument('[file...]', 'backups, plain or gzip; none or - is stdin')
      .description(
        'Looks at every line: whether its ID fits, who signed it and with which key, who\n' +
          'attested it; and at all of them: copies, order, gaps. Nothing is changed.',
      )
      .option('--keys <file>', 'vouch for keys: `name key` or {"name","public_key"}')
      .option('--pinned-only', 'no other keys count')
      .option('--receipt <file>', 'hold the backup against its receipt; auto: FILE.receipt')
      .option('--evidence <dir>', 'judge what dump-events --evidence kept; FILE may be\nleft out')
      .option('--findings <file>', 'write what was found here, as NDJSON, anew')
      .option('--strict', 'whatever is found is a failure (13)')
      .option('--no-signatures', 'check IDs alone')
      .option('--workers <n>', 'threads; default: as many as cores', optionValue(parseCount(1, 256)))
      .option('-q, --quiet', 'say nothing where all is well');
  },

  async run(flags, context) {
    const { output, stdin, signal } = context;
    const isEvidenceAlone = flags.evidence !== undefined && context.operands.length === 0;
    const backups = isEvidenceAlone ? undefined : new BackupOperands(context.operands);
    if (backups?.waitsForTyping(stdin)) return context.showHelp();
    const paths = backups?.paths ?? [];
    const receipts = receiptPaths(flags.receipt, paths);
    await assertApart(
      [{ name: '--findings', path: flags.findings }],
      [
        ...paths.map((path) => ({ name: 'a backup', path: path === '-' ? undefined : path })),
        ...receipts.map((path) => ({ name: '--receipt', path })),
        { name: '--keys', path: flags.keys },
      ],
    );
    const pinnedKeys = await readPinnedKeys(flags);
    const receiptBytes = await Promise.all(receipts.map((path) => readReceipt(path)));
    const files = (await backups?.open(stdin, signal)) ?? [];
    const progress = startProgress(output, false);
    let findings: FindingsFile | undefined;
    try {
      findings = flags.findings === undefined ? undefined : await FindingsFile.open(flags.findings);
      const narrator = new VerifyNarrator(output, progress, findings);
      const summary = await verify({
        inputs: files.map((file, at) => {
          const [path, bytes] = [receipts[at], receiptBytes[at]];
          return path === undefined || bytes === undefined ? { file } : { file, receipt: { path, bytes } };
        }),
        ...(flags.evidence !== undefined && { evidence: flags.evidence }),
        pinnedKeys,
        pinnedOnly: flags.pinnedOnly ?? false,
        checkSignatures: flags.signatures,
        ...(flags.workers !== undefined && { workers: flags.workers }),
        onFinding: narrator.find,
        observer: narrator,
        signal,
      });
      await findings?.commit();
      progress.stop();
      return await report(summary, flags, output);
    } finally {
      progress.stop();
      await Promise.all([findings?.close(), ...files.map((file) => file.close())]);
    }
  },
};

/** The receipt of each backup. Throws `USAGE` where it is not plain which is whose. */
function receiptPaths(receipt: string | undefined, backups: readonly string[]): string[] {
  if (receipt === undefined) return [];
  if (receipt !== 'auto') {
    if (backups.length === 1) return [receipt];
    throw new MeshBackupError('USAGE', 'A receipt is of one backup: --receipt auto takes that of each.');
  }
  if (backups.includes('-'))
    throw new MeshBackupError('USAGE', '--receipt auto needs a FILE: name the receipt.');
  return backups.map((path) => `${path}.receipt`);
}

async function readReceipt(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw unreadable(path, cause);
    throw new MeshBackupError('FILE_UNREADABLE', `There is no receipt ${path}.`, {
      hint: 'dump-events --receipt writes one. Without --receipt the backup is verified by itself.',
      cause,
    });
  }
}

async function report(summary: VerifySummary, flags: VerifyFlags, output: Output): Promise<ExitStatus> {
  const error = judgeVerify(summary, flags.strict);
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    for (const record of verifyRecords(summary, exitStatus)) output.record(record);
    return exitStatus;
  }
  if (flags.quiet !== true) {
    const { isTTY = false, columns = Infinity } = output.stdout;
    for (const text of verifyLines(summary, isTTY ? columns : Infinity)) await output.print(text);
    if (output.verbose) for (const text of signerLines(summary)) await output.print(text);
  }
  if (error !== undefined) output.fail(error);
  return exitStatus;
}
