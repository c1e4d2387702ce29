import { MeshBackupError } from '../errors.ts';
import { MAX_PAGE_SIZE } from './page-step.ts';
import type { ScopeFetcher } from './slice-rounds.ts';
import type { EventScope, SyncClient } from './sync-client.ts';

/** The services that naras of today know. */
export const SERVICES: readonly string[] = [
  'social',
  'ping',
  'observation',
  'hey-there',
  'chau',
  'seen',
  'checkpoint',
];

/** Asks an old server, which gives its newest `cap` of all events newer than the cursor. */
export function legacyFetcher(client: SyncClient, cursor: bigint, cap: number): ScopeFetcher {
  const fetchSlice = async (scope: EventScope, index: number, total: number) => {
    const { events } = await client.fetchSlice({ ...scope, cursor, index, total });
    return { events, isFull: events.length >= cap };
  };
  const fetchWhole = async (scope: EventScope) => {
    const { events, isFull } = await fetchSlice(scope, 0, 1);
    return { events, isWhole: !isFull };
  };
  return { fetchWhole, fetchSlice, cap };
}

/**
 * Asks a current server for the events of one `ts`: by pages, which end soon after it, and where those do not hold it,
 * by slices, which cover all that is newer, too.
 */
export function burstFetcher(client: SyncClient, burstNs: bigint): ScopeFetcher {
  const cursor = burstNs - 1n;
  return {
    cap: MAX_PAGE_SIZE,
    fetchWhole: async (scope) => {
      const answer = await client.fetchPage({ ...scope, cursor, pageSize: MAX_PAGE_SIZE });
      if (answer.broken !== undefined) throw new MeshBackupError('PEER_MALFORMED', answer.broken);
      const { events, nextCursor } = answer;
      return { events, isWhole: nextCursor === undefined || events.some(({ tsNs }) => tsNs > burstNs) };
    },
    fetchSlice: async (scope, index, total) => {
      const { events } = await client.fetchSlice({ ...scope, cursor, index, total });
      return { events, isFull: events.length >= MAX_PAGE_SIZE };
    },
  };
}

/** So many slices that each holds one event at most, the one at its own place. */
export const SINGLES = 2 ** 31 - 1;

/** Whether a server holds more than `count` events from behind the cursor up to a time: what stands at that place? */
export async function holdsMore(
  client: SyncClient,
  place: EventScope & { readonly cursor: bigint; readonly untilNs: bigint; readonly count: number },
): Promise<boolean> {
  const { count, untilNs, ...scope } = place;
  const { events } = await client.fetchSlice({ ...scope, index: count, total: SINGLES });
  return events.some(({ tsNs }) => tsNs <= untilNs);
}
