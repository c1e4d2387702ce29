import { eventBytes, type EventView } from '../event/event-view.ts';
import type { RunOrigin } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';
import type { TaggedRun } from '../merge/tagged-run.ts';
import type { DiffCounts, DiffKind } from './diff-counts.ts';
import type { DiffLine } from './diff-options.ts';

/** The two backups, as origins of runs. */
export interface DiffSides {
  readonly a: RunOrigin;
  readonly b: RunOrigin;
}

/** So much of the spellings of one event is in memory at a time: more of them fill our disk, not our memory. */
const MAX_BYTES = 8 * 1024 * 1024;

/** All spellings of one event that two backups hold, added in the order of runs. */
export class DiffGroup {
  readonly #sides: DiffSides;
  readonly #pool: RunPool;
  #hasA = false;
  #hasB = false;
  #differs = false;
  #spellings: { readonly event: EventView; readonly side: 'a' | 'b' }[] = [];
  #bytes = 0;
  #stored: TaggedRun | undefined;

  constructor(sides: DiffSides, pool: RunPool) {
    this.#sides = sides;
    this.#pool = pool;
  }

  /** Adds a spelling and all who have it. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  add(event: EventView, origins: readonly RunOrigin[]): void {
    const inA = origins.includes(this.#sides.a);
    const inB = origins.includes(this.#sides.b);
    this.#hasA ||= inA;
    this.#hasB ||= inB;
    if (inA && inB) return;
    this.#differs = true;
    if (this.#bytes > MAX_BYTES) this.#store();
    this.#spellings.push({ event, side: inA ? 'a' : 'b' });
    this.#bytes += event.end - event.start;
  }

  get outcome(): keyof DiffCounts {
    if (!this.#hasB) return 'onlyA';
    if (!this.#hasA) return 'onlyB';
    return this.#differs ? 'changed' : 'same';
  }

  /** The lines that differ, A's first. Throws `TEMPORARY_FILE`. */
  *lines(kind: DiffKind): Generator<DiffLine, void, undefined> {
    for (const side of ['a', 'b'] as const) {
      for (const spelling of this.#all()) {
        const { event } = spelling;
        if (spelling.side === side) yield { kind, side, event, bytes: eventBytes(event) };
      }
    }
  }

  *#all(): Generator<{ readonly event: EventView; readonly side: 'a' | 'b' }, void, undefined> {
    if (this.#stored !== undefined) {
      this.#stored.flush();
      const reader = this.#stored.open();
      while (reader.current !== undefined) {
        yield { event: reader.current, side: reader.origins[0] === this.#sides.a ? 'a' : 'b' };
        reader.advance();
      }
    }
    yield* this.#spellings;
  }

  #store(): void {
    this.#stored ??= this.#pool.taggedRun();
    for (const { event, side } of this.#spellings) this.#stored.write(event, [this.#sides[side]]);
    this.#spellings = [];
    this.#bytes = 0;
  }
}
