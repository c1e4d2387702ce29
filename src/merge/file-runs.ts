import type { EventView } from '../event/event-view.ts';
import type { Line, LineFile } from '../jsonl/line-file.ts';
import { compareEvents } from './order.ts';
import type { Run, RunOrigin } from './run.ts';
import type { RunPool } from './run-pool.ts';
import { Segment } from './segment.ts';

/** An event of a file, and the line that it stands on. */
export interface LineEvent {
  readonly line: Line;
  readonly event: EventView;
}

/**
 * Makes runs of a file's events. What stands in order is left where it is and read again from there, so that a sorted
 * backup costs neither memory nor disk; the rest is sorted in the pool. The file must stay open, and as it is, until
 * the runs are read.
 */
export class FileRuns {
  readonly #file: LineFile;
  readonly #origin: RunOrigin;
  readonly #pool: RunPool;
  readonly #collector: ReturnType<RunPool['collector']>;
  readonly #segments: Segment[] = [];
  /** The last event that was left where it is. */
  #last: EventView | undefined;

  constructor(file: LineFile, origin: RunOrigin, pool: RunPool) {
    this.#file = file;
    this.#origin = origin;
    this.#pool = pool;
    this.#collector = pool.collector(origin);
  }

  /** Adds events in the order of the file; what stands between them is none of them. Throws as `RunPool.relieve` does. */
  add(batch: readonly LineEvent[]): void {
    const [first] = batch;
    if (first === undefined) return;
    if (!this.#file.isSeekable || !batch.every(isBare) || !isInOrder(batch)) {
      for (const { event } of batch) this.#collector.add(event);
      this.#pool.relieve();
      return;
    }
    if (this.#last === undefined || compareEvents(this.#last, first.event) > 0) {
      this.#segments.push(new Segment(this.#origin, this.#file));
    }
    for (const extent of extentsOf(batch)) this.#segments.at(-1)!.addExtent(extent);
    this.#last = batch.at(-1)!.event;
  }

  /** The runs of what was left where it is; the pool has the others. */
  get inPlace(): readonly Run[] {
    return this.#segments;
  }
}

/** Whether the line is the event and its end, nothing else: so runs are read. */
function isBare({ line, event }: LineEvent): boolean {
  return !line.isTorn && event.end - event.start === line.end - line.start;
}

function isInOrder(batch: readonly LineEvent[]): boolean {
  return batch.every(({ event }, at) => at === 0 || compareEvents(batch[at - 1]!.event, event) <= 0);
}

/** Where the lines lie, those that touch in one. */
function extentsOf(batch: readonly LineEvent[]): { start: number; end: number }[] {
  const extents: { start: number; end: number }[] = [];
  for (const { line } of batch) {
    const end = line.offset + line.end - line.start + 1;
    const last = extents.at(-1);
    if (last?.end === line.offset) last.end = end;
    else extents.push({ start: line.offset, end });
  }
  return extents;
}
