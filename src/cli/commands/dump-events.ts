import { dump, type DumpObserver } from '../../dump/dump.ts';
import { judgeDump } from '../../dump/outcome.ts';
import type { DumpSummary } from '../../dump/summary.ts';
import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { verifyBond } from '../../identity/bond.ts';
import { deriveKeypair } from '../../identity/keypair.ts';
import { parseSoul } from '../../identity/soul.ts';
import { RecordFile } from '../../jsonl/record-file.ts';
import type { Requester } from '../../mesh/request-signing.ts';
import { walkState } from '../../sync/walk-report.ts';
import type { CommandContext, CommandModule } from '../command-module.ts';
import { boundsOf, declareDumpFlags, demandsOf, filterOf, readPeers, type DumpFlags } from '../dump-flags.ts';
import { DumpProgress } from '../dump-progress.ts';
import { failureLine, peerRecord, summaryLines, summaryRecord, suspectLines } from '../dump-report.ts';
import { line } from '../line.ts';
import type { Output } from '../output.ts';
import { startProgress } from '../progress.ts';
import { isStdout } from '../same-file.ts';
import { readSoulText, SOUL_ENVIRONMENT } from '../soul-source.ts';

export const dumpEvents: CommandModule<DumpFlags> = {
  name: 'dump-events',
  summary: 'fetch what every peer remembers, merged into one backup',
  jsonTo: 'stderr',
  examples: [
    '-name alice --soul-file soul --peers peers > all.jsonl',
    '-name alice --peer http://100.64.0.2:7433 > all.jsonl',
    '-name alice --peers peers -ids-from a.jsonl >> a.jsonl',
  ],
  environment: { ...SOUL_ENVIRONMENT, TMPDIR: 'where the private file lies that --memory speaks of' },

  declare(command) {
    command.description(
      'Asks every peer for its events and writes them to stdout, one JSON object a\n' +
        'line: oldest first, each event once, each byte as its peer gave it.',
    );
    declareDumpFlags(command);
  },

  async run(flags, context) {
    const { output, signal } = context;
    const filter = filterOf(flags);
    const requester = await readRequester(flags, context);
    const peers = await readPeers(flags);
    if (peers.length > 0)
      output.detail(line`📡 Discovered ${peers.length} peers (using ${flags.workers} workers)`);

    const records: RecordFile[] = [];
    const openRecords = async (path: string | undefined): Promise<RecordFile | undefined> => {
      if (path === undefined) return undefined;
      const file = await RecordFile.open(path);
      records.push(file);
      return file;
    };
    const progress = startProgress(output, true);
    try {
      const summary = await dump({
        requester,
        peers,
        filter,
        workers: flags.workers,
        connectTimeoutMs: flags.connectTimeout,
        bounds: boundsOf(flags),
        memory: { memoryBytes: flags.memory },
        checkpoints: flags.checkpoints,
        acceptUnsigned: flags.acceptUnsignedPeers ?? false,
        idsFrom: flags.idsFrom,
        appendsToKnown: flags.idsFrom !== undefined && isStdout(flags.idsFrom),
        keepMisfits: flags.keepMisfits ?? false,
        quarantine: await openRecords(flags.quarantine),
        variants: await openRecords(flags.variants),
        write: (lines) => output.write(lines),
        signal,
        observer: announcing(new DumpProgress(progress, peers), output, peers.length),
      });
      progress.stop();
      return report(summary, judgeDump(summary, demandsOf(flags), signal), output);
    } finally {
      progress.stop();
      for (const file of records) await file.close();
    }
  },
};

async function readRequester(flags: DumpFlags, context: CommandContext): Promise<Requester> {
  const { name } = flags;
  if (name === undefined || name === '') {
    throw new MeshBackupError('USAGE', 'Sign as whom? Name the nara with -name.');
  }
  if (/\p{Cc}/u.test(name)) throw new MeshBackupError('USAGE', 'A name has no control characters.');
  const soul = parseSoul(await readSoulText(flags, { ...context, stdinIsData: false }));
  const bond = verifyBond(soul, name);
  if (bond === 'foreign') {
    context.output.warn(line`⚠️  The soul was not made for the name ${name}: peers know another key for it`);
  } else if (bond === 'bare') {
    context.output.warn(
      line`⚠️  The soul is a bare seed of 32 bytes: whether it is ${name}'s cannot be told (a nara ID looks alike)`,
    );
  }
  return { name, keypair: deriveKeypair(soul) };
}

/** Adds the lines that are said while the dump runs. */
function announcing(progress: DumpProgress, output: Output, peerCount: number): DumpObserver {
  let ended = 0;
  return {
    peerStarted: (report) => {
      progress.peerStarted(report);
    },
    peerAdvanced: (report) => {
      progress.peerAdvanced(report);
    },
    peerEnded: (report) => {
      progress.peerEnded(report);
      ended++;
      output.record({ type: 'peer', ...peerRecord(report) });
      if (output.json) return;
      for (const warning of report.warnings) output.warn(line`⚠️  ${report.label} ${warning}`);
      if (walkState(report) !== 'complete') output.warn(failureLine(report));
      else output.detail(line`✅ [${ended}/${peerCount}] Got ${report.events} events from ${report.label}`);
    },
    merging: () => {
      progress.merging();
    },
  };
}

/** Quiet when all is well and nobody looks, so that cron mails on trouble only. */
function report(summary: DumpSummary, error: MeshBackupError | undefined, output: Output): ExitStatus {
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    output.record(summaryRecord(summary, exitStatus));
    return exitStatus;
  }
  if (error?.code === 'NO_PEERS') output.warn(line`⚠️  No peers discovered on mesh`);
  for (const suspect of suspectLines(summary.suspects)) output.warn(suspect);
  if (error !== undefined || output.isTerminal || output.verbose) {
    for (const text of summaryLines(summary)) output.tell(text);
  }
  if (error === undefined)
    output.detail(line`✅ Dump complete: ${summary.events.written} unique events streamed`);
  else output.fail(error);
  return exitStatus;
}
