import type { Service } from '../event/payload.ts';
import type { Candidate } from './candidates.ts';
import { EVENT_KINDS } from './event-kind.ts';

/** What goes, of one service or of one month. */
export interface Share {
  events: number;
  /** Unix nanoseconds. */
  firstTsNs: bigint;
  lastTsNs: bigint;
}

export interface Shares {
  readonly byService: ReadonlyMap<Service, Share>;
  /** `2026-01` in UTC; what is more than 240 months is under `other`. */
  readonly byMonth: ReadonlyMap<string, Share>;
}

/** So many months are told apart: one event of the year 2255 must not make a table of centuries. */
const MAX_MONTHS = 240;
const OTHER = 'other';

/** What goes by service and by month, each oldest first. */
export function shareOut(events: Iterable<Candidate>): Shares {
  const byService = new Map<Service, Share>();
  const byMonth = new Map<string, Share>();
  for (const { kind, tsNs } of events) {
    add(byService, EVENT_KINDS[kind]!.svc, tsNs);
    const month = monthOf(tsNs);
    add(byMonth, byMonth.has(month) || byMonth.size < MAX_MONTHS ? month : OTHER, tsNs);
  }
  return { byService, byMonth };
}

function add<K>(shares: Map<K, Share>, key: K, tsNs: bigint): void {
  const share = shares.get(key);
  if (share === undefined) shares.set(key, { events: 1, firstTsNs: tsNs, lastTsNs: tsNs });
  else {
    share.events++;
    share.lastTsNs = tsNs;
  }
}

/** In UTC; int64 nanoseconds reach from 1677 to 2262. */
function monthOf(tsNs: bigint): string {
  return new Date(Number(tsNs / 1_000_000n)).toISOString().slice(0, 7);
}
