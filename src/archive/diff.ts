import { setImmediate } from 'node:timers/promises';
import { compileFilter, type EventTest } from '../event/filter.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import { BackupLineReader } from '../merge/backup-line.ts';
import { FileRuns, type LineEvent } from '../merge/file-runs.ts';
import { isCopy } from '../merge/order.ts';
import { BREATH_EVENTS } from '../merge/pour.ts';
import { ReaderQueue } from '../merge/reader-queue.ts';
import { reduceRuns } from '../merge/reduce-runs.ts';
import type { Run, RunOrigin } from '../merge/run.ts';
import { RunPool } from '../merge/run-pool.ts';
import { BoundedTally } from './bounded-tally.ts';
import { BrokenLines } from './broken-lines.ts';
import { emptyDiffCounts } from './diff-counts.ts';
import { DiffGroup, type DiffSides } from './diff-group.ts';
import { DIFF_MEMORY_BYTES, type DiffOptions } from './diff-options.ts';
import type { DiffInput, DiffSummary } from './diff-summary.ts';
import { InputWatch } from './input-watch.ts';
import { MonthNames } from './month.ts';
import { utf16Flaw } from './text-flaw.ts';

const MAX_SERVICES = 50;
/** All months that an int64 of nanoseconds can name are fewer. */
const MAX_MONTHS = 7200;

/**
 * Compares two backups, in whatever order and however often they hold their lines. An event is known by its ID where
 * that fits, else by its bytes; so are lines that hold none. What stands in order is read from where it lies, the rest
 * is sorted first.
 * Throws `FILE_UNREADABLE`, `FILE_CHANGED`, `NO_ROOM`, `TEMPORARY_FILE`, the signal's reason and what `onLine` throws.
 */
export async function diff(options: DiffOptions): Promise<DiffSummary> {
  const startedMs = Date.now();
  const pool = new RunPool({ memoryBytes: options.memoryBytes ?? DIFF_MEMORY_BYTES, isLean: true });
  const broken = new BrokenLines(options.wanted.size > 0);
  const sides = { a: originOf(options.a), b: originOf(options.b) };
  const tallies = {
    events: emptyDiffCounts(),
    byService: new BoundedTally(MAX_SERVICES),
    byMonth: new BoundedTally(MAX_MONTHS),
  };
  try {
    const watch = await InputWatch.begin([options.a, options.b]);
    const reader = new DiffReader(options, pool, broken);
    const [a, b] = await watch.during(async () => {
      const read = [await reader.read('a', sides.a), await reader.read('b', sides.b)] as const;
      const runs = [...pool.finish(), ...read[0].runs, ...read[1].runs];
      await compare(runs, { pool, sides, tallies }, options);
      return read;
    });
    for (const line of broken.lines(options.wanted)) await options.onLine?.(line);
    const grown = await watch.grown();
    return {
      a: tellInput(a, grown.has(options.a)),
      b: tellInput(b, grown.has(options.b)),
      ...tallies,
      broken: broken.counts(),
      uncompared: broken.uncompared,
      elapsedMs: Date.now() - startedMs,
    };
  } finally {
    broken.close();
    pool.close();
  }
}

const GREW = 'it grew while it was read, and what was added was not compared';

function originOf({ path }: LineFile): RunOrigin {
  return { label: path, holder: undefined, role: 'source' };
}

interface ReadInput extends DiffInput {
  readonly runs: readonly Run[];
}

function tellInput(input: ReadInput, hasGrown: boolean): DiffInput {
  const { file, events, broken, filtered, damage } = input;
  return { file, events, broken, filtered, damage: hasGrown ? [...damage, GREW] : damage };
}

class DiffReader {
  readonly #options: DiffOptions;
  readonly #pool: RunPool;
  readonly #broken: BrokenLines;
  readonly #passes: EventTest;
  readonly #lines = new BackupLineReader();
  #lineCount = 0;
  #byteCount = 0;

  constructor(options: DiffOptions, pool: RunPool, broken: BrokenLines) {
    this.#options = options;
    this.#pool = pool;
    this.#broken = broken;
    this.#passes = compileFilter(options.filter);
  }

  async read(side: 'a' | 'b', origin: RunOrigin): Promise<ReadInput> {
    const { signal, onRead, [side]: file } = this.#options;
    const runs = new FileRuns(file, origin, this.#pool);
    const counts = { events: 0, broken: 0, filtered: 0 };
    const damage: string[] = [];
    const raw = (chunk: Buffer): void => void (this.#byteCount += chunk.length);
    for await (const lines of file.batches({ raw })) {
      signal.throwIfAborted();
      const batch: LineEvent[] = [];
      for (const line of lines) {
        const flaw = line.number === 1 ? utf16Flaw(line) : undefined;
        if (flaw !== undefined) damage.push(flaw);
        const read = this.#lines.read(line);
        if (read.kind === 'event') {
          counts.events++;
          if (this.#passes(read.event)) batch.push({ line, event: read.event });
          else counts.filtered++;
        } else if (read.kind === 'broken' && read.reason !== 'too long') {
          counts.broken++;
          this.#broken.add(side, line.bytes);
        }
      }
      runs.add(batch);
      onRead?.((this.#lineCount += lines.length), this.#byteCount);
    }
    return { file: file.path, ...counts, damage: [...damage, ...file.damage], runs: runs.inPlace };
  }
}

interface CompareParts {
  readonly pool: RunPool;
  readonly sides: DiffSides;
  readonly tallies: Pick<DiffSummary, 'events' | 'byService' | 'byMonth'>;
}

async function compare(
  runs: readonly Run[],
  { pool, sides, tallies }: CompareParts,
  { wanted, onLine, signal }: DiffOptions,
): Promise<void> {
  const queue = new ReaderQueue(await reduceRuns(runs, pool));
  const origins: RunOrigin[] = [];
  const months = new MonthNames();
  let steps = 0;
  for (let first = queue.lowest; first !== undefined; first = queue.lowest) {
    if (++steps % BREATH_EVENTS === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
    const group = new DiffGroup(sides, pool);
    for (let next: typeof first | undefined = first; next !== undefined && isCopy(first, next);) {
      queue.takeEqual(next, origins);
      group.add(next, origins);
      next = queue.lowest;
    }
    const { outcome } = group;
    tallies.events[outcome]++;
    tallies.byService.add(first.svc, outcome);
    tallies.byMonth.add(months.of(first.tsNs), outcome);
    if (outcome === 'same' || onLine === undefined || !wanted.has(outcome)) continue;
    for (const line of group.lines(outcome)) await onLine(line);
  }
}
