import { setImmediate } from 'node:timers/promises';
import type { EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { Copies, type VariantListener } from './copies.ts';
import { isCopy } from './order.ts';
import { ReaderQueue } from './reader-queue.ts';
import { BREATH_EVENTS, reduceRuns } from './reduce-runs.ts';
import type { Run } from './run.ts';
import type { RunPool } from './run-pool.ts';

/** What became of the copies that sources gave: given = written + duplicate. */
export interface MergeTally {
  given: number;
  written: number;
  /** Copies of an event that is written once, or that a known run holds. */
  duplicate: number;
  /** Events of which a better copy displaced another. */
  better: number;
  /** Copies that lost although they say something else than the winner. */
  variants: number;
}

export interface MergeOptions {
  /** Where runs are poured together when there are too many to be open at a time. */
  readonly pool: RunPool;
  /** Keys gathered from all runs. Signatures are verified only where copies differ. */
  readonly keys: KeyRing;
  readonly tally: MergeTally;
  readonly onVariant?: VariantListener;
}

export function emptyTally(): MergeTally {
  return { given: 0, written: 0, duplicate: 0, better: 0, variants: 0 };
}

const BATCH_EVENTS = 1024;

/**
 * Merges runs into one stream, batch by batch, in the order of `compareEvents`: each event once, in its best copy,
 * without what `known` runs hold. An ID that fits its content fixes `ts`, so all good copies of an event follow one
 * another, and no more than one event's copies are held at a time. The result does not depend on the order of runs.
 */
export async function* merge(
  runs: readonly Run[],
  options: MergeOptions,
): AsyncGenerator<readonly EventView[], void, undefined> {
  const { pool, keys } = options;
  const queue = new ReaderQueue(await reduceRuns(runs, pool));
  let batch: EventView[] = [];
  let steps = 0;
  for (let first = queue.lowest; first !== undefined; first = queue.lowest) {
    const copies = new Copies(keys, pool);
    for (let next = queue.lowest; next !== undefined && isCopy(first, next); next = queue.lowest) {
      copies.add(next, queue.take());
    }
    count(copies, options.tally);
    if (++steps % BREATH_EVENTS === 0) await setImmediate();
    if (copies.isKnown) continue;
    const winner = copies.choose();
    batch.push(winner.event);
    if (copies.isContested) options.tally.variants += await copies.tellVariants(winner, options.onVariant);
    if (batch.length >= BATCH_EVENTS) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

function count({ given, isKnown, isContested }: Copies, tally: MergeTally): void {
  tally.given += given;
  tally.duplicate += isKnown ? given : given - 1;
  if (isKnown) return;
  tally.written++;
  if (isContested) tally.better++;
}
