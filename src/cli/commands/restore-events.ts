import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { deriveKeypair } from '../../identity/keypair.ts';
import { parseSoul } from '../../identity/soul.ts';
import { isLoopbackHost, isLoopbackOrTailnet } from '../../mesh/near-address.ts';
import { parseTargetUrl } from '../../mesh/target-url.ts';
import { hostOf } from '../../mesh/url-parts.ts';
import { judgeRestore } from '../../restore/outcome.ts';
import type { RestoreSummary } from '../../restore/restore-summary.ts';
import { restore } from '../../restore/restore.ts';
import { assertApart } from '../apart.ts';
import { BackupOperands } from '../backup-operands.ts';
import type { CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import type { Output } from '../output.ts';
import { preRestorePath } from '../pre-restore-path.ts';
import { startProgress } from '../progress.ts';
import { RecordSinks } from '../record-sinks.ts';
import { declareRestoreFlags, readPinnedKeys, type RestoreFlags } from '../restore-flags.ts';
import { RestoreNarrator } from '../restore-narrator.ts';
import { accountLines, restoreRecord, successLines } from '../restore-report.ts';
import { selectionOf } from '../selection-flags.ts';
import { readSoulText, SOUL_ENVIRONMENT } from '../soul-source.ts';
import { openTargetHttp } from '../target-http.ts';

export const restoreEvents: CommandModule<RestoreFlags> = {
  name: 'restore-events',
  summary: 'bring a backup back into a nara',
  jsonTo: 'stdout',
  examples: [
    '-nara-url http://localhost:8080 --soul-file soul < a.jsonl',
    '-nara-url http://100.64.0.2:7433 --soul-file soul a.jsonl.gz',
    '-nara-url URL --soul-file soul --dry-run a.jsonl',
  ],
  environment: {
    ...SOUL_ENVIRONMENT,
    HTTPS_PROXY: 'a proxy for https; NO_PROXY names hosts without one',
    TMPDIR: 'where the private files lie that --memory speaks of',
  },

  declare(command) {
    command
      .argument('[file...]', 'backups, plain or gzip; none or - is stdin')
      .description(
        'Brings events back into a nara: proves the soul, looks at what the nara holds,\n' +
          'sends what it lacks and will keep, oldest first, each event once, each byte as\n' +
          'the backup has it, and reads back what arrived.',
      );
    declareRestoreFlags(command);
  },

  async run(flags, context) {
    const { output, stdin, signal, env } = context;
    const { naraUrl } = flags;
    const backups = new BackupOperands(context.operands);
    if (backups.waitsForTyping(stdin)) return context.showHelp();
    if (naraUrl === undefined)
      throw new MeshBackupError('USAGE', 'Restore into which nara? Name it with -nara-url.');
    const url = parseTargetUrl(naraUrl);
    if (!flags.confirm && flags.confirmAfter !== undefined) {
      throw new MeshBackupError('USAGE', '--confirm-after and --no-confirm contradict each other.');
    }
    const filter = selectionOf(flags);
    await assertApart(
      [
        { name: '--rejects', path: flags.rejects },
        { name: '--pre-restore', path: flags.preRestore === false ? undefined : flags.preRestore },
      ],
      [
        ...backups.paths.map((path) => ({ name: 'a backup', path: path === '-' ? undefined : path })),
        { name: '--keys', path: flags.keys },
        { name: '--ca-file', path: flags.caFile },
        { name: '--soul-file', path: flags.soulFile === '-' ? undefined : flags.soulFile },
      ],
    );
    const soul = parseSoul(await readSoulText(flags, { ...context, stdinIsData: backups.readsStdin }));
    const keypair = deriveKeypair(soul);
    const pinnedKeys = await readPinnedKeys(flags);
    warnOfRisks(flags, output);
    const http = await openTargetHttp(flags, env);
    const sinks = new RecordSinks();
    const files = await backups.open(stdin, signal);
    const progress = startProgress(output, false);
    try {
      const summary = await restore({
        http,
        url,
        keypair,
        name: flags.name,
        files,
        strict: flags.strict ?? false,
        memoryBytes: flags.memory,
        filter,
        proof: flags.proof,
        pinnedKeys,
        includeMisfits: flags.includeMisfits ?? false,
        includeFuture: flags.includeFuture ?? false,
        withPresence: flags.withPresence ?? false,
        overfill: flags.overfill ?? false,
        limit: flags.limit ?? Infinity,
        blind: flags.blind ?? false,
        clockFix: flags.clockFix ?? false,
        isClockFixSafe: (target) => isClockFixSafe(target, flags),
        preRestore: preRestorePath(flags.preRestore, SAVED, keypair.publicKey, new Date()),
        settle: flags.settle,
        dryRun: flags.dryRun ?? false,
        batch: { maxEvents: flags.batchSize, maxBytes: flags.batchBytes },
        requestTimeoutMs: flags.requestTimeout,
        timeoutMs: flags.timeout,
        rejects: flags.dryRun ? undefined : await sinks.open(flags.rejects),
        confirm: flags.confirm,
        confirmAfterMs: flags.confirmAfter,
        signal,
        observer: new RestoreNarrator(output, progress, flags.batchSize),
      });
      progress.stop();
      return report(summary, output);
    } finally {
      progress.stop();
      await Promise.all([http.close(), sinks.close(), ...files.map((file) => file.close())]);
    }
  },
};

const SAVED = { prefix: 'pre-restore', ending: 'jsonl.gz' };

/** Its time is believed where nobody between can change it. */
function isClockFixSafe(url: URL, { insecure }: RestoreFlags): boolean {
  const host = hostOf(url);
  if (isLoopbackHost(host) || isLoopbackOrTailnet(host)) return true;
  return url.protocol === 'https:' && insecure !== true;
}

function warnOfRisks({ blind, insecure, insecureHttp }: RestoreFlags, output: Output): void {
  if (blind) {
    output.warn(
      line`⚠️  --blind: what the target holds already is sent again, and each time can cost it history that it held`,
    );
  }
  if (insecure)
    output.warn(line`⚠️  --insecure: nobody knows who answers, and who can replace every event on the way`);
  if (insecureHttp)
    output.warn(line`⚠️  --insecure-http: whoever listens can replace every event on the way`);
}

function report(summary: RestoreSummary, output: Output): ExitStatus {
  const error = judgeRestore(summary);
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    output.record(restoreRecord(summary, exitStatus));
    return exitStatus;
  }
  const { sent, input } = summary;
  output.detail(line`📦 Read ${input.lines.events} events`);
  if (sent.batches > 0 && summary.trouble === undefined) {
    output.detail(
      line`✅ All batches complete: ${sent.imported} total imported, ${sent.duplicates} total duplicates`,
    );
  }
  if (error === undefined && !summary.isDryRun) for (const text of successLines(summary)) output.tell(text);
  if (error !== undefined || summary.isDryRun || output.isTerminal || output.verbose) {
    for (const text of accountLines(summary)) output.tell(text);
  }
  if (output.verbose) {
    for (const { id, reason } of summary.confirmed?.examples ?? [])
      output.tell(line`  not there: ${id} (${reason})`);
  }
  if (error !== undefined) output.fail(error);
  return exitStatus;
}
