import TinyQueue from 'tinyqueue';
import type { EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { proveEvent } from '../event/proof.ts';
import { chooseBest } from './best-copy.ts';
import { Copies, textOf, type Copy } from './copies.ts';
import type { Run } from './run.ts';
import { RunReader } from './run-reader.ts';
import { variantTest } from './variant.ts';

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
  /** Keys gathered from all runs. Signatures are verified only where copies differ. */
  readonly keys: KeyRing;
  readonly tally: MergeTally;
  /** Told of each loser that says something else than the winner. */
  readonly onVariant?: (loser: Copy, winner: Copy) => Promise<void> | void;
}

export function emptyTally(): MergeTally {
  return { given: 0, written: 0, duplicate: 0, better: 0, variants: 0 };
}

/**
 * Merges runs into one stream, batch by batch: by `ts`, then ID, then bytes; each event once, in its best copy; without
 * what `known` runs hold. An ID that fits its content fixes `ts`, so all good copies of an event meet in one group.
 * Events whose ID does not fit, or cannot be checked, are copies of one another only where their bytes are equal.
 * The result does not depend on the order of runs.
 */
export async function* merge(
  runs: readonly Run[],
  options: MergeOptions,
): AsyncGenerator<readonly EventView[], void, undefined> {
  const readers = runs.map((run) => new RunReader(run));
  try {
    const queue = new TinyQueue<RunReader>([], (a, b) => compareBigInt(a.current!.tsNs, b.current!.tsNs));
    for (const reader of readers) if (await reader.refill()) queue.push(reader);
    let batch: EventView[] = [];
    while (queue.length > 0) {
      batch.push(...(await settle(await nextGroup(queue), options)));
      if (batch.length >= BATCH_EVENTS) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

const BATCH_EVENTS = 1024;

/** Takes all copies of the lowest `ts` off the runs, by what makes them copies of one another. */
async function nextGroup(queue: TinyQueue<RunReader>): Promise<Map<string, Copies>> {
  const { tsNs } = queue.peek()!.current!;
  const group = new Map<string, Copies>();
  while (queue.peek()?.current?.tsNs === tsNs) {
    const reader = queue.pop()!;
    let event = reader.current;
    while (event?.tsNs === tsNs) {
      const key = proveEvent(event).class === 'id' ? event.id : textOf(event);
      let copies = group.get(key);
      if (copies === undefined) group.set(key, (copies = new Copies()));
      copies.add(event, reader.origin);
      reader.advance();
      if (reader.current === undefined && !(await reader.refill())) break;
      event = reader.current;
    }
    if (reader.current !== undefined) queue.push(reader);
  }
  return group;
}

/** The events of a group that are to be written, in order. */
async function settle(group: Map<string, Copies>, options: MergeOptions): Promise<EventView[]> {
  const { keys, tally, onVariant } = options;
  const chosen: EventView[] = [];
  for (const { distinct, isKnown, given } of group.values()) {
    tally.given += given;
    if (isKnown || given === 0) {
      tally.duplicate += given;
      continue;
    }
    tally.written++;
    tally.duplicate += given - 1;
    const winner = distinct.length === 1 ? distinct[0]! : chooseBest(distinct, keys);
    chosen.push(winner.event);
    if (distinct.length === 1) continue;
    tally.better++;
    const isVariant = variantTest(winner.event);
    for (const loser of distinct) {
      if (loser === winner || !isVariant(loser.event)) continue;
      tally.variants++;
      await onVariant?.(loser, winner);
    }
  }
  return chosen.length === 1 ? chosen : chosen.sort(compareInGroup);
}

function compareInGroup(a: EventView, b: EventView): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return a.source.compare(b.source, b.start, b.end, a.start, a.end);
}

function compareBigInt(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
