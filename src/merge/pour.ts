import { ReaderQueue } from './reader-queue.ts';
import type { Run, RunOrigin } from './run.ts';
import type { TaggedRun } from './tagged-run.ts';

/** After so many events others get their turn: signals, progress. */
export const BREATH_EVENTS = 4096;

/**
 * Writes one run of many: equal bytes become one record, which says who gave it, and how often. Stops now and then to
 * take breath. Throws `NO_ROOM`, `TEMPORARY_FILE`.
 */
export function* pour(runs: readonly Run[], into: TaggedRun): Generator<void, void, undefined> {
  const queue = new ReaderQueue(runs);
  const origins: RunOrigin[] = [];
  let steps = 0;
  for (let event = queue.lowest; event !== undefined; event = queue.lowest) {
    queue.takeEqual(event, origins);
    into.write(event, origins);
    if (++steps % BREATH_EVENTS === 0) yield;
  }
  into.flush();
}
