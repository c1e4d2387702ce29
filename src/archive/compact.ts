import { MeshBackupError } from '../errors.ts';
import { eventBytes } from '../event/event-view.ts';
import { KeyRing } from '../event/keyring.ts';
import type { FlatRecord } from '../jsonl/record-file.ts';
import type { Copy } from '../merge/copies.ts';
import { emptyTally, merge } from '../merge/merge.ts';
import type { Run } from '../merge/run.ts';
import { RunPool } from '../merge/run-pool.ts';
import { unlessAborted } from '../mesh/unless-aborted.ts';
import { CompactReader } from './compact-input.ts';
import { COMPACT_MEMORY_BYTES, type CompactOptions } from './compact-options.ts';
import { CompactOutput } from './compact-output.ts';
import type { CompactCounts, CompactInput, CompactSummary } from './compact-summary.ts';
import { InputWatch } from './input-watch.ts';

/**
 * Makes one backup of many: by `ts`, each event once, in the best copy that any of them holds, byte for byte. The same
 * lines give the same bytes, however they are ordered and split over files. What may not stand in a backup goes to the
 * quarantine. When it returns, all has been handed to the destination, and the records of quarantine and variants are
 * durable. Where `written` is 0 nothing was, not even an empty gzip member.
 * Throws for files and the output only (`FILE_UNREADABLE`, `FILE_CHANGED`, `FILE_UNWRITABLE`, `NO_ROOM`,
 * `TEMPORARY_FILE`, and whatever the destination throws), and the signal's reason.
 */
export async function compact(options: CompactOptions): Promise<CompactSummary> {
  const { inputs, destination, pinnedKeys, quarantine, variants, observer } = options;
  const startedMs = Date.now();
  const keys = new KeyRing();
  for (const { name, key, id } of pinnedKeys) keys.pin(name, key, id);
  const counts = emptyCounts();
  const pool = new RunPool({
    memoryBytes: options.memoryBytes ?? COMPACT_MEMORY_BYTES,
    ...destination.spill,
    isLean: true,
  });
  try {
    const watch = await InputWatch.begin(inputs);
    const found: CompactInput[] = [];
    const inPlace: Run[] = [];
    const output = new CompactOutput(destination);
    await watch.during(async () => {
      const reader = new CompactReader({ ...options, keys, pool, counts });
      for (const input of inputs) {
        const { runs, ...rest } = await unlessAborted(reader.read(input), options.signal);
        inPlace.push(...runs);
        found.push(rest);
      }
      observer?.merging?.();
      await writeMerged([...pool.finish(), ...inPlace], { keys, pool, output, counts }, options);
    });
    assertAllAccountedFor(counts);
    const grown = await watch.grown();
    await quarantine?.sync();
    await variants?.sync();
    return {
      lines: counts,
      inputs: found.map((one, at) => (grown.has(inputs[at]!) ? withDamage(one, GREW) : one)),
      output: output.written,
      elapsedMs: Date.now() - startedMs,
    };
  } finally {
    pool.close();
  }
}

const GREW = 'it grew while it was read, and what was added is not in';

function withDamage(input: CompactInput, reason: string): CompactInput {
  return { ...input, damage: [...input.damage, reason] };
}

interface MergeParts {
  readonly keys: KeyRing;
  readonly pool: RunPool;
  readonly output: CompactOutput;
  readonly counts: CompactCounts;
}

async function writeMerged(
  runs: readonly Run[],
  { keys, pool, output, counts }: MergeParts,
  { variants, observer, signal }: CompactOptions,
): Promise<void> {
  const tally = emptyTally();
  const onVariant = variants && ((loser: Copy, winner: Copy) => variants.add(variantRecord(loser, winner)));
  try {
    for await (const events of merge(runs, { pool, keys, tally, onVariant })) {
      signal.throwIfAborted();
      const bytes = await output.write(events);
      observer?.written?.(events.length, bytes);
    }
    if (tally.written > 0) await output.end();
  } finally {
    await output.settled();
  }
  const { written, duplicate, better, variants: variantCount } = tally;
  Object.assign(counts, { written, duplicate, better, variants: variantCount });
}

function variantRecord(loser: Copy, winner: Copy): FlatRecord {
  return {
    class: 'variant',
    reason: 'differs from the copy that was written',
    id: winner.event.id,
    file: Array.from(loser.origins, ({ label }) => label)
      .sort()
      .join(', '),
    bytes: eventBytes(loser.event).toString('base64'),
  };
}

/** Promise 1: nothing is lost in silence. */
function assertAllAccountedFor({ read, written, duplicate, quarantined }: CompactCounts): void {
  if (read === written + duplicate + quarantined) return;
  throw new MeshBackupError(
    'INTERNAL',
    `${read} lines read, but ${written} written + ${duplicate} duplicate + ${quarantined} quarantined`,
  );
}

function emptyCounts(): CompactCounts {
  return {
    read: 0,
    written: 0,
    duplicate: 0,
    quarantined: 0,
    broken: 0,
    misfit: 0,
    hostile: 0,
    blank: 0,
    unknownService: 0,
    better: 0,
    variants: 0,
  };
}
