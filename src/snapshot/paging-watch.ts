import type { ItemPage, PagedItem } from './follow-pages.ts';

/** What the published node's IDs are. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Watches pages for what the published node does: it sorts by time, newest first, and its cursor means "IDs above this
 * one". So its second page repeats some facts and leaves out others, and nothing in it says so.
 */
export class PagingWatch {
  readonly #ids = new Set<string>();
  #pages = 0;
  #repeats = false;
  /** A cursor was an ID: of an entry that came, or that the node held back. */
  #goesById = false;
  #idsAscend = true;
  #timesDescend = true;
  #last: PagedItem | undefined;

  see({ items, cursor }: ItemPage<PagedItem>): void {
    this.#pages++;
    for (const item of items) {
      this.#repeats ||= this.#ids.has(item.id);
      this.#ids.add(item.id);
      if (this.#last !== undefined) {
        this.#idsAscend &&= this.#last.id < item.id;
        this.#timesDescend &&= this.#last.timestamp > item.timestamp;
      }
      this.#last = item;
    }
    this.#goesById ||= cursor !== undefined && (this.#ids.has(cursor) || UUID.test(cursor));
  }

  /**
   * Whether pages may have left something out: entries came twice, or the cursor is an ID and the order is not that of
   * IDs. True for some nodes that leave nothing out; better than a gap in silence.
   */
  get isDoubtful(): boolean {
    if (this.#pages < 2) return false;
    return this.#repeats || (this.#goesById && (!this.#idsAscend || this.#timesDescend));
  }
}
