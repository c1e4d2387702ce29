import { MeshBackupError } from '../errors.ts';
import type { SyncAnswer } from './answer.ts';
import { timeSpan, type TimeSpan } from './time-span.ts';
import type { Flaw } from './walk-report.ts';

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;
/** The most events that a server gives in one page. */
export const MAX_PAGE_SIZE = 5000;
/** The most that a server without page mode gives, whatever it is asked for. */
const LEGACY_CAP = 2000;

/** Where a walk stands: what it asks for next. */
export interface PagePosition {
  /** Events with `ts` strictly greater are asked for. */
  readonly cursor: bigint;
  readonly pageSize: number;
  /** The peer gave a cursor before: it is no server of the days before page mode. */
  readonly knowsPages: boolean;
  /** Asked only to learn whether the server knows pages; so it is asked whatever time the walk is to end at. */
  readonly isProbe: boolean;
}

export function firstPosition(cursor: bigint, pageSize: number): PagePosition {
  return { cursor, pageSize, knowsPages: false, isProbe: false };
}

/** What to ask for next, and what the answer just judged left out for certain. */
export interface PageStep {
  /** `undefined`: the ledger is walked to its end, or no further step makes sense. */
  readonly next: PagePosition | undefined;
  readonly flaw?: Flaw;
}

type PageAnswer = Pick<SyncAnswer, 'events' | 'nextCursor' | 'broken'>;

/**
 * Judges one page and says how to go on. Servers answer with events STRICTLY newer than the cursor, so events that
 * share the last `ts` of a page could be left out: the next request begins one nanosecond earlier, and the merge drops
 * the overlap. A page that bears one `ts` alone is asked for again, larger. Each step either raises the cursor or, once
 * for a cursor, the page size: a walk always ends.
 * Source: specification, "What follows from that".
 */
export function judgePage(asked: PagePosition, basePageSize: number, answer: PageAnswer): PageStep {
  const span = timeSpan(answer.events);
  if (answer.broken !== undefined) return stuck('PEER_MALFORMED', answer.broken, asked, span);
  return answer.nextCursor === undefined
    ? judgeLastPage(asked, basePageSize, answer.events.length, span)
    : judgeNextCursor(asked, basePageSize, answer.events.length, span, answer.nextCursor);
}

/** An answer without a cursor: the end of the ledger, or a server that does not know pages. */
function judgeLastPage(
  asked: PagePosition,
  basePageSize: number,
  count: number,
  span: TimeSpan | undefined,
): PageStep {
  const { cursor, pageSize, knowsPages } = asked;
  if (span !== undefined && span.oldestNs <= cursor) {
    if (knowsPages) return behind(asked, span);
    // It knows no cursor. What is not cut off is its whole ledger.
    return count < LEGACY_CAP ? DONE : legacy(span);
  }
  if (count < pageSize && (knowsPages || count < LEGACY_CAP)) return DONE;
  if (span === undefined) {
    return stuck('PEER_CURSOR', 'a full page without a cursor or a time that can be believed', asked, span);
  }
  // The last page, or the newest events of a server that does not know pages. What does it say is newer?
  return { next: { cursor: span.newestNs, pageSize: basePageSize, knowsPages, isProbe: true } };
}

function judgeNextCursor(
  asked: PagePosition,
  basePageSize: number,
  count: number,
  span: TimeSpan | undefined,
  nextCursor: string,
): PageStep {
  const { cursor, pageSize } = asked;
  const claimed = parseCursor(nextCursor);
  if (claimed === undefined) {
    const shown = JSON.stringify(nextCursor.slice(0, 40));
    return stuck('PEER_MALFORMED', `the cursor ${shown} is no time`, asked, span);
  }
  if (count === 0) return stuck('PEER_CURSOR', 'a cursor, but no events', asked, span);
  if (span !== undefined && span.oldestNs <= cursor) return behind(asked, span);
  if (claimed <= cursor || (span !== undefined && claimed < span.newestNs)) {
    return stuck('PEER_CURSOR', `the cursor ${claimed} does not advance beyond the page`, asked, span);
  }
  // A cursor beyond the page's own events would leave out what lies between: only what was seen counts.
  const reached = span?.newestNs ?? claimed;
  const next = { cursor: reached, pageSize: basePageSize, knowsPages: true, isProbe: false };
  if (reached - 1n > cursor) return { next: { ...next, cursor: reached - 1n } };
  if (pageSize < MAX_PAGE_SIZE) return { next: { ...next, cursor, pageSize: MAX_PAGE_SIZE } };
  const message = `${count} events or more bear the ts ${reached}: no page can hold them and tell`;
  return {
    next,
    flaw: { error: new MeshBackupError('PEER_BURST', message), fromNs: reached, toNs: reached },
  };
}

const DONE: PageStep = { next: undefined };

function behind(asked: PagePosition, span: TimeSpan): PageStep {
  return stuck('PEER_CURSOR', `events from before the cursor ${asked.cursor}`, asked, span);
}

/** The end of the walk, though not of the ledger. Of the newest `ts` that was given some may be missing. */
function stuck(
  code: 'PEER_MALFORMED' | 'PEER_CURSOR',
  message: string,
  { cursor }: PagePosition,
  span: TimeSpan | undefined,
): PageStep {
  const fromNs = span !== undefined && span.newestNs > cursor ? span.newestNs : cursor + 1n;
  return { next: undefined, flaw: { error: new MeshBackupError(code, message), fromNs } };
}

function legacy(span: TimeSpan): PageStep {
  const error = new MeshBackupError(
    'PEER_LEGACY',
    'an old server without page mode: only its newest events were given',
    { hint: 'Update that nara: naras since mid-January 2026 give their whole ledger.' },
  );
  return { next: undefined, flaw: { error, fromNs: INT64_MIN, toNs: span.oldestNs } };
}

function parseCursor(text: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}
