import type { EventView } from '../event/event-view.ts';
import { INT64_MIN, LEGACY_CAP } from './page-step.ts';
import { SINGLES } from './scope-fetchers.ts';
import type { SliceRequest } from './sync-client.ts';
import { isAscending } from './time-span.ts';

/** How many events a ledger holds. */
export interface LedgerCount {
  readonly events: number;
  /** But for events that came and went while it was counted. Otherwise the server contradicts itself. */
  readonly isExact: boolean;
}

type FetchSlice = (request: SliceRequest) => Promise<readonly Pick<EventView, 'tsNs' | 'hostile'>[]>;

/** A ledger of 320,000 events, the largest, shows 313 of them so. */
const STRIDE = 1024;

/**
 * Counts a ledger without fetching it, by slices, which every server knows. Each 1024th event, from the first on, says
 * that the ledger holds at least so many, and fewer than 1024 more. What is no older than the last of them is fetched
 * whole (its answer is below every server's bound), and all of it that is newer comes after it. Only events that share
 * that one's `ts` may stand before or behind it: where there are some, single places are asked for, half of what is in
 * question at a time. Throws as `SyncClient.fetchSlice` does.
 */
export async function countLedger(fetchSlice: FetchSlice): Promise<LedgerCount> {
  const strides = await fetchSlice({ cursor: INT64_MIN, index: 0, total: STRIDE });
  const edge = strides.at(-1);
  if (edge === undefined) return { events: 0, isExact: true };
  const before = (strides.length - 1) * STRIDE;
  if (strides.length >= LEGACY_CAP || !isAscending(strides)) return { events: before + 1, isExact: false };
  const atMost = before + STRIDE;
  if (edge.hostile !== undefined) return bisect(fetchSlice, before + 1, atMost);

  const cursor = edge.tsNs > INT64_MIN ? edge.tsNs - 1n : INT64_MIN;
  const tail = await fetchSlice({ cursor, index: 0, total: 1 });
  const tied = tail.filter(({ tsNs }) => tsNs === edge.tsNs).length;
  if (tied === 0) return { events: before + 1, isExact: false }; // it has gone since
  const isCut = tail.length >= LEGACY_CAP;
  return bisect(fetchSlice, before + 1 + tail.length - tied, isCut ? atMost : before + tail.length);
}

/** Finds how many there are, from `low` to `high`, by what stands at single places. */
async function bisect(fetchSlice: FetchSlice, low: number, high: number): Promise<LedgerCount> {
  let [fewest, most] = [low, high];
  while (fewest < most) {
    const middle = Math.ceil((fewest + most) / 2);
    const found = await fetchSlice({ cursor: INT64_MIN, index: middle - 1, total: SINGLES });
    if (found.length > 1) return { events: fewest, isExact: false };
    if (found.length === 1) fewest = middle;
    else most = middle - 1;
  }
  return { events: fewest, isExact: low <= high };
}
