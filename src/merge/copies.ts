import type { EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { chooseBest } from './best-copy.ts';
import { compareBytes } from './order.ts';
import type { RunOrigin } from './run.ts';
import type { RunPool } from './run-pool.ts';
import { TaggedWriter } from './tagged-writer.ts';
import { variantTest } from './variant.ts';

/** One spelling of an event, and the sources that gave it. */
export interface Copy {
  readonly event: EventView;
  readonly origins: ReadonlySet<RunOrigin>;
}

/** Told of a copy that lost although it says something else than the winner. */
export type VariantListener = (loser: Copy, winner: Copy) => Promise<void> | void;

/** So much of the copies of one event is in memory at a time: more spellings fill our disk, not our memory. */
const MAX_BYTES = 8 * 1024 * 1024;

/** All copies of one event, added in the order of runs: equal bytes follow one another and are one copy. */
export class Copies {
  readonly #keys: KeyRing;
  readonly #pool: RunPool;
  #copies: { event: EventView; origins: Set<RunOrigin> }[] = [];
  #bytes = 0;
  #dismissed: TaggedWriter | undefined;
  /** A known run holds the event. */
  isKnown = false;
  /** How often sources gave it. */
  given = 0;

  constructor(keys: KeyRing, pool: RunPool) {
    this.#keys = keys;
    this.#pool = pool;
  }

  add(event: EventView, origins: readonly RunOrigin[]): void {
    for (const origin of origins) {
      if (origin.role === 'known') this.isKnown = true;
      else {
        this.given++;
        this.#copyOf(event).add(origin);
      }
    }
  }

  get isContested(): boolean {
    return this.#copies.length > 1 || this.#dismissed !== undefined;
  }

  /** The best copy; there is one if a source gave any. */
  choose(): Copy {
    return chooseBest(this.#copies, this.#keys);
  }

  /** Tells of the losers that are variants of the winner, and counts them. */
  async tellVariants(winner: Copy, tell: VariantListener | undefined): Promise<number> {
    const isVariant = variantTest(winner.event);
    let count = 0;
    for (const loser of this.#losers(winner)) {
      if (!isVariant(loser.event)) continue;
      count++;
      await tell?.(loser, winner);
    }
    return count;
  }

  *#losers(winner: Copy): Generator<Copy, void, undefined> {
    for (const copy of this.#copies) if (copy !== winner) yield copy;
    if (this.#dismissed === undefined) return;
    const reader = this.#dismissed.finish().open();
    while (reader.current !== undefined) {
      yield { event: reader.current, origins: new Set(reader.origins) };
      reader.advance();
    }
  }

  #copyOf(event: EventView): Set<RunOrigin> {
    const last = this.#copies.at(-1);
    if (last !== undefined && compareBytes(last.event, event) === 0) return last.origins;
    if (this.#bytes > MAX_BYTES) this.#dismissLosers();
    const origins = new Set<RunOrigin>();
    this.#copies.push({ event, origins });
    this.#bytes += event.end - event.start;
    return origins;
  }

  /** Writes all but the best copy so far to the disk: none of them can win any more. */
  #dismissLosers(): void {
    const best = chooseBest(this.#copies, this.#keys);
    this.#dismissed ??= new TaggedWriter(this.#pool);
    for (const copy of this.#copies) if (copy !== best) this.#dismissed.write(copy.event, copy.origins);
    this.#copies = this.#copies.filter((copy) => copy === best);
    this.#bytes = best.event.end - best.event.start;
  }
}
