import { setImmediate } from 'node:timers/promises';
import { compareEvents } from './order.ts';
import { ReaderQueue } from './reader-queue.ts';
import type { Run, RunOrigin } from './run.ts';
import type { RunPool } from './run-pool.ts';
import { TaggedWriter } from './tagged-writer.ts';

/** So many runs are open at a time; each holds a block in memory. */
const MAX_OPEN_RUNS = 64;

/** After so many events others get their turn: signals, progress. */
export const BREATH_EVENTS = 4096;

/** Pours runs together, as often as it takes, until no more are left than may be open at a time. */
export async function reduceRuns(runs: readonly Run[], pool: RunPool): Promise<readonly Run[]> {
  let left = [...runs];
  while (left.length > MAX_OPEN_RUNS) {
    const count = Math.min(MAX_OPEN_RUNS, left.length - MAX_OPEN_RUNS + 1);
    left = [...left.slice(count), await pour(left.slice(0, count), pool)];
  }
  return left;
}

/** Makes one run of many: equal bytes become one line, which says who gave it, and how often. */
async function pour(runs: readonly Run[], pool: RunPool): Promise<Run> {
  const writer = new TaggedWriter(pool);
  const queue = new ReaderQueue(runs);
  let steps = 0;
  for (let event = queue.lowest; event !== undefined; event = queue.lowest) {
    const origins: RunOrigin[] = [];
    while (queue.lowest !== undefined && compareEvents(queue.lowest, event) === 0)
      origins.push(...queue.take());
    writer.write(event, origins);
    if (++steps % BREATH_EVENTS === 0) await setImmediate();
  }
  return writer.finish();
}
