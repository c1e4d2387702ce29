import { tmpdir } from 'node:os';
import type { EventView } from '../event/event-view.ts';
import { LineArena } from './line-arena.ts';
import { RECORD_BYTES, type EventRecord } from './record.ts';
import { RunBuilder, type BuilderPool } from './run-builder.ts';
import type { RunOrigin } from './run.ts';
import { Segment } from './segment.ts';
import { Spool } from './spool.ts';

export interface RunPoolOptions {
  /** Memory for the copies of all runs together; what is more goes to a temporary file. Default 32 MiB. */
  readonly memoryBytes?: number;
  /** Where that file lies. Default: the system's place for such things (TMPDIR). */
  readonly folder?: string;
  /** Keeps it under this name in the folder, for whoever wants to find it later; default: it has no name. */
  readonly keepAs?: string;
}

export const DEFAULT_MEMORY_BYTES = 32 * 1024 * 1024;

/** Where runs live until they are merged: in memory up to a budget, beyond it in one private temporary file. */
export class RunPool {
  readonly #options: RunPoolOptions;
  readonly #builders = new Set<RunBuilder>();
  readonly #segments: Segment[] = [];
  readonly #origins: RunOrigin[] = [];
  readonly #originIndices = new Map<RunOrigin, number>();
  #spool: Spool | undefined;
  readonly #arena = new LineArena();
  #recordCount = 0;

  constructor(options: RunPoolOptions = {}) {
    this.#options = options;
  }

  /** A builder of runs that this origin gave. The origin is looked at when the runs are read, not before. */
  builder(origin: RunOrigin): RunBuilder {
    const pool: BuilderPool = {
      keep: (event) => this.#keep(event),
      newSegment: () => this.#newSegment([origin], false),
    };
    const builder = new RunBuilder(pool);
    this.#builders.add(builder);
    return builder;
  }

  /** An empty run of lines that are tagged with `originIndex`. */
  taggedSegment(): Segment {
    return this.#newSegment(this.#origins, true);
  }

  originIndex(origin: RunOrigin): number {
    let index = this.#originIndices.get(origin);
    if (index === undefined) this.#originIndices.set(origin, (index = this.#origins.push(origin) - 1));
    return index;
  }

  /** The temporary file; made when it is first needed. Throws `TEMPORARY_FILE`. */
  spool(): Spool {
    this.#spool ??= new Spool(this.#options.folder ?? tmpdir(), this.#options.keepAs);
    return this.#spool;
  }

  /** Ends all runs of the pool. */
  close(): void {
    this.#spool?.close();
    this.#spool = undefined;
  }

  #newSegment(origins: readonly RunOrigin[], isTagged: boolean): Segment {
    const segment = new Segment(origins, isTagged, () => this.spool());
    this.#segments.push(segment);
    return segment;
  }

  #keep(event: EventView): EventRecord {
    const cost = event.end - event.start + RECORD_BYTES;
    const limit = this.#options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
    if (this.#recordCount > 0 && this.#arena.bytes + this.#recordCount * RECORD_BYTES + cost > limit)
      this.#spill();
    this.#recordCount++;
    return { tsNs: event.tsNs, place: this.#arena.add(event) };
  }

  /** Moves all that is in memory into the spool. */
  #spill(): void {
    for (const builder of this.#builders) builder.settle();
    for (const segment of this.#segments) segment.spill();
    this.#arena.clear();
    this.#recordCount = 0;
  }
}
