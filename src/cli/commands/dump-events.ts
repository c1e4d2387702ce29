import { dump } from '../../dump/dump.ts';
import type { DumpObserver, DumpOptions } from '../../dump/dump-options.ts';
import { judgeDump } from '../../dump/outcome.ts';
import { peerRecord } from '../../dump/peer-record.ts';
import { makeReceipt } from '../../dump/receipt.ts';
import type { ExitStatus } from '../../errors.ts';
import { EvidenceFolder } from '../../evidence/evidence-folder.ts';
import { walkState } from '../../sync/walk-report.ts';
import type { CommandModule } from '../command-module.ts';
import { boundsOf, declareDumpFlags, demandsOf, type DumpFlags } from '../dump-flags.ts';
import { assertPlacesApart, openDestination } from '../dump-destination.ts';
import { DumpProgress } from '../dump-progress.ts';
import {
  failureLine,
  summaryLines,
  summaryRecord,
  suspectLines,
  writtenLine,
  type DumpOutcome,
} from '../dump-report.ts';
import { assertWholeIntroduction, introduction } from '../introduction.ts';
import { line } from '../line.ts';
import { MESH_ENVIRONMENT } from '../mesh-flags.ts';
import { openMesh, type OpenMesh } from '../open-mesh.ts';
import type { Output } from '../output.ts';
import { packageVersion } from '../package-version.ts';
import { startProgress } from '../progress.ts';
import { readRequester } from '../read-requester.ts';
import { RecordSinks } from '../record-sinks.ts';
import { selectionOf } from '../selection-flags.ts';
import { SOUL_ENVIRONMENT } from '../soul-source.ts';
import { ReceiptPlace, receiptPath } from '../write-receipt.ts';

export const dumpEvents: CommandModule<DumpFlags> = {
  name: 'dump-events',
  summary: 'fetch what every peer remembers, merged into one backup',
  jsonTo: 'stderr',
  examples: [
    '-name alice --soul-file soul -o all.jsonl',
    '-name alice --peer http://100.64.0.2:7433 > all.jsonl',
    '-name alice --peers peers -ids-from a.jsonl >> a.jsonl',
  ],
  environment: {
    ...SOUL_ENVIRONMENT,
    ...MESH_ENVIRONMENT,
    TMPDIR: 'where the private file lies that --memory speaks of',
  },

  declare(command) {
    command.description(
      'Asks every peer for its events and writes them to stdout or adds them to a\n' +
        'backup, one JSON object a line: oldest first, each event once, each byte as\n' +
        'its peer gave it.',
    );
    declareDumpFlags(command);
  },

  async run(flags, context) {
    const { output, signal } = context;
    const filter = selectionOf(flags);
    assertWholeIntroduction(flags);
    await assertPlacesApart(flags);
    const requester = await readRequester(flags, context);
    const target = await openDestination(flags, output);
    const sinks = new RecordSinks();
    const progress = startProgress(output, true);
    let mesh: OpenMesh | undefined;
    let receipt: ReceiptPlace | undefined;
    let evidence: EvidenceFolder | undefined;
    try {
      const receiptAt = flags.dryRun ? undefined : receiptPath(flags.receipt, target.path);
      receipt = receiptAt === undefined ? undefined : await ReceiptPlace.take(receiptAt);
      evidence = await openEvidence(flags);
      mesh = await openMesh(flags, context);
      const { peers, proxy } = mesh;
      if (peers.length > 0)
        output.detail(line`📡 Discovered ${peers.length} peers (using ${flags.workers} workers)`);
      const summary = await dump({
        requester,
        peers,
        latePeers: mesh.latePeers,
        proxy,
        introduce: introduction(flags, { mesh, requester, output }),
        filter,
        workers: flags.workers,
        connectTimeoutMs: flags.connectTimeout,
        bounds: boundsOf(flags),
        memoryBytes: flags.memory,
        checkpoints: flags.checkpoints,
        acceptUnsigned: flags.acceptUnsignedPeers ?? false,
        keepMisfits: flags.keepMisfits ?? false,
        ...(await openSinks(flags, target.path, sinks)),
        evidence,
        destination: target.destination,
        fingerprint: receipt !== undefined,
        signal,
        observer: announcing(new DumpProgress(progress, peers), output, mesh),
      });
      progress.stop();
      if (flags.dryRun !== true) await mesh.remember(summary.peers);
      const error = judgeDump(summary, demandsOf(flags), signal) ?? target.error;
      const isWritten = target.isWorthIt(summary);
      if (isWritten) {
        const exitStatus = error?.exitStatus ?? 0;
        const tool = `mesh-backup ${packageVersion()}`;
        const told = { tool, command: context.commandLine, requester, file: target.path, exitStatus };
        await receipt?.prepare(makeReceipt(summary, told));
        await target.commit(error === undefined);
        await receipt?.commit();
      } else await target.leave();
      return report({ summary, error, path: target.path, isWritten }, output);
    } finally {
      progress.stop();
      await closeAll([sinks, evidence, receipt, target, mesh && { close: mesh.leave }]);
    }
  },
};

/** Closes all, whatever one of them throws. */
async function closeAll(all: readonly ({ close(): Promise<void> } | undefined)[]): Promise<void> {
  const ended = await Promise.allSettled(all.map(async (one) => one?.close()));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Opened at once: what cannot be written is better known before hours of work. A dry run writes nothing. */
async function openEvidence({ evidence, dryRun }: DumpFlags): Promise<EvidenceFolder | undefined> {
  return evidence === undefined || dryRun ? undefined : EvidenceFolder.open(evidence);
}

/** What a backup may not hold stays beside it. A dry run writes nothing. */
async function openSinks(
  { quarantine, variants, dryRun }: DumpFlags,
  backup: string | undefined,
  sinks: RecordSinks,
): Promise<Pick<DumpOptions, 'quarantine' | 'variants'>> {
  if (dryRun) return {};
  const beside = backup === undefined ? undefined : sinks.later(`${backup}.quarantine`);
  return { quarantine: (await sinks.open(quarantine)) ?? beside, variants: await sinks.open(variants) };
}

/** Adds the lines that are said while the dump runs. */
function announcing(progress: DumpProgress, output: Output, { peers, leave }: OpenMesh): DumpObserver {
  let peerCount = peers.length;
  let ended = 0;
  return {
    peersAdded: (peers) => {
      progress.peersAdded(peers);
      peerCount += peers.length;
      output.detail(line`📡 ${peers.length} more peers came`);
    },
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
      void leave(); // whoever opened the mesh waits for it
    },
  };
}

/** Quiet when all is well and nobody looks, so that cron mails on trouble only. */
function report(outcome: DumpOutcome, output: Output): ExitStatus {
  const { summary, error } = outcome;
  const exitStatus = error?.exitStatus ?? 0;
  if (output.json) {
    if (error !== undefined) output.fail(error);
    output.record(summaryRecord(outcome, exitStatus));
    return exitStatus;
  }
  for (const suspect of suspectLines(summary.suspects)) output.warn(suspect);
  if (error !== undefined || output.isTerminal || output.verbose) {
    for (const text of summaryLines(summary)) output.tell(text);
    output.tell(writtenLine(outcome));
  }
  const { written, added } = summary.events;
  const where = outcome.path === undefined ? line`streamed` : line`in ${outcome.path}, ${added} of them new`;
  if (error === undefined) output.detail(line`✅ Dump complete: ${written} unique events ${where}`);
  else output.fail(error);
  return exitStatus;
}
