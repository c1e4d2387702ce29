import { notOfNode } from './node-refusal.ts';
import { PagingWatch } from './paging-watch.ts';

/** What a page is made of; `timestamp` as the node spelled it. */
export interface PagedItem {
  readonly id: string;
  readonly timestamp: string;
}

export interface ItemPage<T> {
  readonly items: readonly T[];
  readonly cursor: string | undefined;
}

export interface PageBounds {
  /** Of items, copies included. */
  readonly maxItems: number;
  readonly maxPages: number;
}

export interface FollowedPages<T, P> {
  /** Each ID once, in the order of the node; of copies the last. */
  readonly items: readonly T[];
  readonly pages: readonly P[];
  /** By what came, the pages may have left some out. */
  readonly isDoubtful: boolean;
}

const MAX_CURSOR_CHARACTERS = 4096;

/**
 * Fetches page after page until there is no cursor. Throws `NODE_ANSWER` for a cursor that comes again, or is absurdly
 * long, and for more than the bounds allow; and what `fetchPage` throws.
 */
export async function followPages<T extends PagedItem, P extends ItemPage<T>>(
  fetchPage: (cursor: string | undefined) => Promise<P>,
  { maxItems, maxPages }: PageBounds,
): Promise<FollowedPages<T, P>> {
  const items = new Map<string, T>();
  const pages: P[] = [];
  const cursors = new Set<string>();
  const watch = new PagingWatch();
  let count = 0;
  let cursor: string | undefined;
  for (;;) {
    if (pages.length === maxPages) throw notOfNode(`more than ${maxPages} pages`);
    const page = await fetchPage(cursor);
    pages.push(page);
    count += page.items.length;
    if (count > maxItems) throw notOfNode(`more than ${maxItems} entries`, 'Allow more: --max-facts.');
    watch.see(page);
    for (const item of page.items) items.set(item.id, item);
    cursor = page.cursor;
    if (cursor === undefined) {
      return { items: [...items.values()], pages, isDoubtful: watch.isDoubtful };
    }
    if (cursor.length > MAX_CURSOR_CHARACTERS)
      throw notOfNode(`a cursor of more than ${MAX_CURSOR_CHARACTERS} characters`);
    if (cursors.has(cursor)) throw notOfNode('a cursor that came before: its pages have no end');
    cursors.add(cursor);
  }
}
