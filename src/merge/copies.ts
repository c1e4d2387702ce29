import type { EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { chooseBest } from './best-copy.ts';
import { Given } from './given.ts';
import type { RunOrigin } from './run.ts';
import type { RunPool } from './run-pool.ts';
import type { TaggedRun } from './tagged-run.ts';
import { variantTest } from './variant.ts';

/** One spelling of an event, and the sources that gave it. */
export interface Copy {
  readonly event: EventView;
  readonly origins: ReadonlySet<RunOrigin>;
}

/** Told of a copy that lost, and of the one that won. */
export type VariantListener = (loser: Copy, winner: Copy) => Promise<void> | void;

/** So much of the copies of one event is in memory at a time: more spellings fill our disk, not our memory. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The spellings of one event that has several, added in the order of runs. */
export class Copies {
  readonly #keys: KeyRing;
  readonly #pool: RunPool;
  #copies: Copy[] = [];
  #bytes = 0;
  #dismissed: TaggedRun | undefined;
  readonly given = new Given();

  constructor(keys: KeyRing, pool: RunPool) {
    this.#keys = keys;
    this.#pool = pool;
  }

  /** Adds a spelling, and all who gave it. */
  add(event: EventView, origins: readonly RunOrigin[]): void {
    this.given.add(origins);
    if (this.#bytes > MAX_BYTES) this.#dismissLosers();
    this.#copies.push({ event, origins: new Set(origins) });
    this.#bytes += event.end - event.start;
  }

  /** The best copy, those of known backups among them. */
  choose(): Copy {
    return chooseBest(this.#copies, this.#keys);
  }

  /** Whether a known backup has this very copy. */
  isKnown({ origins }: Copy): boolean {
    if (!this.given.isKnown) return false;
    for (const { role } of origins) if (role === 'known') return true;
    return false;
  }

  /** Tells of the losers that are variants of the winner, and counts them. What a known backup has stays there. */
  async tellVariants(winner: Copy, tell: VariantListener | undefined): Promise<number> {
    const isVariant = variantTest(winner.event);
    let count = 0;
    for (const loser of this.#losers(winner)) {
      if (this.isKnown(loser) || !isVariant(loser.event)) continue;
      count++;
      await tell?.(loser, winner);
    }
    return count;
  }

  /** Tells of all losers. */
  async tellLosers(winner: Copy, tell: VariantListener | undefined): Promise<void> {
    if (tell !== undefined) for (const loser of this.#losers(winner)) await tell(loser, winner);
  }

  *#losers(winner: Copy): Generator<Copy, void, undefined> {
    for (const copy of this.#copies) if (copy !== winner) yield copy;
    if (this.#dismissed === undefined) return;
    this.#dismissed.flush();
    const reader = this.#dismissed.open();
    while (reader.current !== undefined) {
      yield { event: reader.current, origins: new Set(reader.origins) };
      reader.advance();
    }
  }

  /** Writes all but the best copy so far to the disk: none of them can win any more. */
  #dismissLosers(): void {
    const best = chooseBest(this.#copies, this.#keys);
    this.#dismissed ??= this.#pool.taggedRun();
    for (const copy of this.#copies) if (copy !== best) this.#dismissed.write(copy.event, [...copy.origins]);
    this.#copies = this.#copies.filter((copy) => copy === best);
    this.#bytes = best.event.end - best.event.start;
  }
}
