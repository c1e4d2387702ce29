import { MeshBackupError } from '../errors.ts';
import { proveEvent } from '../event/proof.ts';
import type { SyncAnswer } from './answer.ts';

export const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
/** The most events that a server gives in one page. */
export const MAX_PAGE_SIZE = 5000;
/** The most that a server without page mode gives, whatever it is asked for. */
const LEGACY_CAP = 2000;

/** Where a walk stands: what it asked for last. */
export interface PagePosition {
  /** Events with `ts` strictly greater were asked for. */
  readonly cursor: bigint;
  readonly pageSize: number;
}

/** What to ask for next, and what the answer just judged left out for certain. */
export interface PageStep {
  /** `undefined`: the ledger is walked to its end, or no further step makes sense. */
  readonly next: PagePosition | undefined;
  readonly flaw?: { readonly error: MeshBackupError; readonly fromNs: bigint; readonly toNs?: bigint };
}

/**
 * Judges one page and says how to go on. Servers answer with events STRICTLY newer than the cursor, so events that
 * share the last `ts` of a page could be left out: the next request begins one nanosecond earlier, and the merge drops
 * the overlap. A page that bears one `ts` alone is asked for again, larger.
 * Source: specification, "What follows from that".
 */
export function judgePage(asked: PagePosition, basePageSize: number, answer: SyncAnswer): PageStep {
  const { cursor, pageSize } = asked;
  const times = answer.events
    .filter((event) => proveEvent(event).class !== 'hostile')
    .map(({ tsNs }) => tsNs);
  const count = answer.events.length;
  const isBehind = times.some((ts) => ts <= cursor);

  if (answer.nextCursor === undefined) {
    if (count < LEGACY_CAP && count < pageSize) return DONE;
    if (isBehind) return legacy(cursor);
    // A full answer that names no next page: a last page, or a server that does not know pages. What is newer than it?
    return { next: { cursor: newest(times) ?? cursor, pageSize: basePageSize } };
  }

  const claimed = parseCursor(answer.nextCursor);
  if (claimed === undefined) {
    return stuck('PEER_MALFORMED', `the cursor ${JSON.stringify(answer.nextCursor)} is no time`, cursor);
  }
  if (count === 0 || claimed <= cursor || isBehind) {
    return stuck('PEER_CURSOR', `the cursor does not advance from ${cursor}`, cursor);
  }
  // A cursor beyond the page's own events would leave out what lies between: only what was seen counts.
  const seen = newest(times) ?? claimed;
  const reached = seen < claimed ? seen : claimed;
  if (reached - 1n > cursor) return { next: { cursor: reached - 1n, pageSize: basePageSize } };
  if (pageSize < MAX_PAGE_SIZE) return { next: { cursor, pageSize: MAX_PAGE_SIZE } };
  return {
    next: { cursor: reached, pageSize: basePageSize },
    flaw: {
      error: new MeshBackupError('PEER_BURST', `more than ${count} events bear the ts ${reached}`),
      fromNs: reached,
      toNs: reached,
    },
  };
}

const DONE: PageStep = { next: undefined };

function stuck(code: 'PEER_MALFORMED' | 'PEER_CURSOR', message: string, cursor: bigint): PageStep {
  return { next: undefined, flaw: { error: new MeshBackupError(code, message), fromNs: cursor + 1n } };
}

function legacy(cursor: bigint): PageStep {
  const error = new MeshBackupError(
    'PEER_LEGACY',
    'an old server without page mode: only its newest events were given',
    {
      hint: 'Update that nara: naras since mid-January 2026 give their whole ledger.',
    },
  );
  return { next: undefined, flaw: { error, fromNs: INT64_MIN, toNs: cursor } };
}

function parseCursor(text: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

function newest(times: readonly bigint[]): bigint | undefined {
  let most: bigint | undefined;
  for (const ts of times) if (most === undefined || ts > most) most = ts;
  return most;
}
