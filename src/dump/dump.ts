import { tmpdir } from 'node:os';
import { MeshBackupError } from '../errors.ts';
import { eventBytes, type EventView } from '../event/event-view.ts';
import { KeyRing } from '../event/keyring.ts';
import { mayStand, proveEvent } from '../event/proof.ts';
import type { Copy } from '../merge/copies.ts';
import { emptyTally, merge, type MergeOptions } from '../merge/merge.ts';
import type { Run } from '../merge/run.ts';
import { RunPool } from '../merge/run-pool.ts';
import type { DumpOptions } from './dump-options.ts';
import { DumpOutput } from './dump-output.ts';
import { EvidenceKeeper } from './evidence-keeper.ts';
import { fetchAll } from './fetch.ts';
import { compileFilter, filterText } from '../event/filter.ts';
import { Intake } from './intake.ts';
import { readPrior, summarizePrior } from './prior-backup.ts';
import { TakenWalks } from './taken-walks.ts';
import type { DumpSummary, EventCounts } from './summary.ts';

/**
 * Walks each peer and merges what they gave, and what the destination keeps, into one stream: by `ts`, each event once,
 * in its best copy, byte for byte. A peer that fails costs only what it did not give, and is named in the summary.
 * When it returns, all has been handed to the destination, and the records of quarantine and variants are durable.
 * Throws for our own files and the output only (`FILE_UNREADABLE`, `FILE_DAMAGED`, `FILE_UNWRITABLE`, `NO_ROOM`,
 * `TEMPORARY_FILE`, and whatever the destination throws).
 */
export async function dump(options: DumpOptions): Promise<DumpSummary> {
  const { destination, keepMisfits, quarantine, variants, observer, fingerprint = false } = options;
  const { prior, work } = destination;
  const startedMs = Date.now();
  const keys = new KeyRing();
  const pool = new RunPool({ memoryBytes: options.memoryBytes, folder: work?.spillFolder });
  const evidence =
    options.evidence && new EvidenceKeeper(options.evidence, work?.spillFolder ?? tmpdir(), keys);
  try {
    const before = prior && (await readPrior(prior, { keys, pool, keepMisfits, quarantine, fingerprint }));
    const isWelcome = (event: EventView): boolean => mayStand(proveEvent(event), keepMisfits);
    const left = await work?.leftovers({ keys, pool, isWelcome });

    const counts = emptyCounts();
    const nowNs = BigInt(startedMs) * 1_000_000n;
    const intake = new Intake({
      ...options,
      keys,
      counts,
      passes: compileFilter(options.filter),
      quarantine,
      nowNs,
    });
    const filters = logFilters(options);
    const taken = new TakenWalks(left?.walks ?? [], filters, startedMs);
    const log = work?.startLog(startedMs, filters);
    const peers = await fetchAll(options, { intake, pool, keys, log, taken, evidence });
    observer?.merging?.();

    counts.fromBackup = prior?.role === 'kept' ? before!.events : 0;
    counts.fromEarlierRuns = left?.events ?? 0;
    counts.read += counts.fromBackup + counts.fromEarlierRuns;
    const closeOff = before?.endsTorn === true && prior!.isAppendedTo;
    const output = new DumpOutput(destination, { closeOff, fingerprint });
    const runs = [...pool.finish(), ...(left?.runs ?? []), ...(before?.runs ?? [])];
    await writeMerged(runs, { pool, keys, onLoser: evidence?.onLoser }, output, counts, options);
    const written = await output.end();
    await evidence?.end();
    assertAllAccountedFor(counts);
    await quarantine?.sync();
    await variants?.sync();
    return {
      peers,
      events: counts,
      suspects: intake.suspects,
      evidence: evidence?.counts,
      output: written,
      before: before && summarizePrior(before, prior.file.damage),
      leftDamaged: left?.damaged ?? 0,
      startedMs,
      elapsedMs: Date.now() - startedMs,
    };
  } finally {
    evidence?.close();
    pool.close();
  }
}

async function writeMerged(
  runs: readonly Run[],
  shared: Pick<MergeOptions, 'pool' | 'keys' | 'onLoser'>,
  output: DumpOutput,
  counts: EventCounts,
  { variants, observer }: DumpOptions,
): Promise<void> {
  const tally = emptyTally();
  const onVariant = variants && ((loser: Copy, winner: Copy) => variants.add(variantRecord(loser, winner)));
  for await (const events of merge(runs, { ...shared, tally, onVariant })) {
    const bytes = await output.write(events);
    observer?.written?.(events.length, bytes);
  }
  const { written, kept, duplicate, better, variants: variantCount } = tally;
  Object.assign(counts, { written, added: written - kept, duplicate, better, variants: variantCount });
}

/** What must be the same for a walk of an earlier run to stand for one of this run. */
function logFilters({ filter, keepMisfits, checkpoints, acceptUnsigned }: DumpOptions): string {
  return JSON.stringify([filterText(filter), keepMisfits, checkpoints, acceptUnsigned]);
}

function variantRecord(loser: Copy, winner: Copy): Record<string, string> {
  return {
    class: 'variant',
    reason: 'differs from the copy that was written',
    id: winner.event.id,
    peer: Array.from(loser.origins, ({ label }) => label)
      .sort()
      .join(', '),
    bytes: eventBytes(loser.event).toString('base64'),
  };
}

/** Promise 1: nothing is lost in silence. */
function assertAllAccountedFor({ read, written, duplicate, quarantined, filtered }: EventCounts): void {
  if (read === written + duplicate + quarantined + filtered) return;
  throw new MeshBackupError(
    'INTERNAL',
    `${read} events read, but ${written} written + ${duplicate} duplicate + ${quarantined} quarantined + ${filtered} filtered`,
  );
}

function emptyCounts(): EventCounts {
  return {
    read: 0,
    fromBackup: 0,
    fromEarlierRuns: 0,
    written: 0,
    added: 0,
    duplicate: 0,
    quarantined: 0,
    filtered: 0,
    better: 0,
    variants: 0,
    misfit: 0,
    hostile: 0,
    unknownService: 0,
    ambiguous: 0,
    future: 0,
  };
}
