import { setImmediate } from 'node:timers/promises';
import { pour } from './pour.ts';
import { MemoryRun, type Run } from './run.ts';
import type { RunPool } from './run-pool.ts';

/** So many runs that are read from files are open at a time; each holds a block in memory. */
const MAX_OPEN_RUNS = 64;

/** Pours runs together, as often as it takes, until no more are left than may be open at a time. */
export async function reduceRuns(runs: readonly Run[], pool: RunPool): Promise<readonly Run[]> {
  const inMemory = runs.filter((run) => run instanceof MemoryRun);
  let inFiles = runs.filter((run) => !(run instanceof MemoryRun));
  while (inFiles.length > MAX_OPEN_RUNS) {
    const count = Math.min(MAX_OPEN_RUNS, inFiles.length - MAX_OPEN_RUNS + 1);
    const poured = pool.taggedRun();
    const pouring = pour(inFiles.slice(0, count), poured);
    while (pouring.next().done !== true) await setImmediate();
    inFiles = [...inFiles.slice(count), poured];
  }
  return [...inFiles, ...inMemory];
}
