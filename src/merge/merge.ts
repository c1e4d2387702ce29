import { setImmediate } from 'node:timers/promises';
import type { EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { Copies, type VariantListener } from './copies.ts';
import { Given } from './given.ts';
import { isCopy } from './order.ts';
import { ReaderQueue } from './reader-queue.ts';
import { BREATH_EVENTS } from './pour.ts';
import { reduceRuns } from './reduce-runs.ts';
import type { Run, RunOrigin } from './run.ts';
import type { RunPool } from './run-pool.ts';

/** What became of the copies that sources and kept backups gave: given = written + duplicate. */
export interface MergeTally {
  given: number;
  written: number;
  /** Those of `written` that a kept backup held, in this copy or another. */
  kept: number;
  /** Copies of an event that is written once, or that a known backup holds. */
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
  readonly onVariant?: VariantListener | undefined;
  /** Told of every copy that lost, variant or not. */
  readonly onLoser?: VariantListener | undefined;
}

export function emptyTally(): MergeTally {
  return { given: 0, written: 0, kept: 0, duplicate: 0, better: 0, variants: 0 };
}

/** Enough for a write, and few enough to die young: more outlive the garbage collector's first look. */
const BATCH_EVENTS = 256;

/**
 * Merges runs into one stream, batch by batch, in the order of `compareEvents`: each event once, in its best copy,
 * without those whose best copy a `known` run holds. An ID that fits its content fixes `ts`, so all good copies of an
 * event follow one another, and no more than one event's copies are held at a time. The order of runs decides nothing.
 */
export async function* merge(
  runs: readonly Run[],
  options: MergeOptions,
): AsyncGenerator<readonly EventView[], void, undefined> {
  const queue = new ReaderQueue(await reduceRuns(runs, options.pool));
  const origins: RunOrigin[] = [];
  let batch: EventView[] = [];
  let steps = 0;
  for (let first = queue.lowest; first !== undefined; first = queue.lowest) {
    if (++steps % BREATH_EVENTS === 0) await setImmediate();
    queue.takeEqual(first, origins);
    const winner = hasMore(queue, first)
      ? await settle(takeCopies(queue, first, origins, options), options)
      : settleSingle(first, origins, options.tally);
    if (winner === undefined) continue;
    batch.push(winner);
    if (batch.length < BATCH_EVENTS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Whether other spellings of the event follow. */
function hasMore({ lowest }: ReaderQueue, event: EventView): boolean {
  return lowest !== undefined && isCopy(event, lowest);
}

/** Takes all other spellings of an event, of which the first is taken already. */
function takeCopies(
  queue: ReaderQueue,
  first: EventView,
  origins: RunOrigin[],
  { keys, pool }: MergeOptions,
): Copies {
  const copies = new Copies(keys, pool);
  copies.add(first, origins);
  for (let next = queue.lowest; next !== undefined && isCopy(first, next); next = queue.lowest) {
    queue.takeEqual(next, origins);
    copies.add(next, origins);
  }
  return copies;
}

/** Counts an event that has one spelling; `undefined`: it is not to be written. */
function settleSingle(
  event: EventView,
  origins: readonly RunOrigin[],
  tally: MergeTally,
): EventView | undefined {
  const given = new Given();
  given.add(origins);
  if (given.times === 0) return undefined;
  count(given, !given.isKnown, tally);
  return given.isKnown ? undefined : event;
}

/** Chooses among several spellings, and counts them; `undefined`: there is nothing to write. */
async function settle(
  copies: Copies,
  { tally, onVariant, onLoser }: MergeOptions,
): Promise<EventView | undefined> {
  if (copies.given.times === 0) return undefined;
  const winner = copies.choose();
  const isWritten = !copies.isKnown(winner);
  count(copies.given, isWritten, tally);
  if (isWritten) tally.better++;
  tally.variants += await copies.tellVariants(winner, onVariant);
  await copies.tellLosers(winner, onLoser);
  return isWritten ? winner.event : undefined;
}

function count({ times, isKept }: Given, isWritten: boolean, tally: MergeTally): void {
  tally.given += times;
  tally.duplicate += isWritten ? times - 1 : times;
  if (!isWritten) return;
  tally.written++;
  if (isKept) tally.kept++;
}
