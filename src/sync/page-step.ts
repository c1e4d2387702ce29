import { MeshBackupError } from '../errors.ts';
import { isFuture } from '../event/proof.ts';
import type { SyncAnswer } from './answer.ts';
import { isAscending, timeSpan, type TimeSpan } from './time-span.ts';
import type { Flaw } from './walk-report.ts';

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;
/** The most events that a server gives in one page. */
export const MAX_PAGE_SIZE = 5000;
/** The most that a server without page mode gives, whatever it is asked for. */
export const LEGACY_CAP = 2000;

/** Where a walk stands: what it asks for next. */
export interface PagePosition {
  /** Events with `ts` strictly greater are asked for. */
  readonly cursor: bigint;
  readonly pageSize: number;
  /** The peer gave a cursor before: it is no server of the days before page mode. */
  readonly knowsPages: boolean;
  /** Asked only to learn whether the server knows pages; so it is asked whatever time the walk is to end at. */
  readonly isProbe: boolean;
  /** Asked again, because the answer led nowhere. */
  readonly isSecondAsk: boolean;
}

export function firstPosition(cursor: bigint, pageSize: number): PagePosition {
  return { cursor, pageSize, knowsPages: false, isProbe: false, isSecondAsk: false };
}

/** What to ask for next, and what the answer just judged says of the peer. */
export interface PageStep {
  /** `undefined`: the ledger is walked to its end, or no further step makes sense. */
  readonly next: PagePosition | undefined;
  readonly flaw?: Flaw;
  /** More events bear this `ts` than a page can show: they are to be had otherwise, before the walk goes on. */
  readonly burstNs?: bigint;
  /** A server without page mode that gives its newest so many events, whatever it is asked for. */
  readonly legacyCap?: number;
  readonly isDisordered?: boolean;
}

type PageAnswer = Pick<SyncAnswer, 'events' | 'nextCursor' | 'broken'>;

/** One answer, and what it was asked for with. */
interface Judged {
  readonly asked: PagePosition;
  readonly basePageSize: number;
  readonly answer: PageAnswer;
  readonly span: TimeSpan | undefined;
  /**
   * The span that leads on. A server that sorts gives events of the far future last, when all others were given; one
   * that does not must not lead us past those by it. So they count where nothing else is left.
   */
  readonly believable: TimeSpan | undefined;
}

/**
 * Judges one page and says how to go on. Servers answer with events STRICTLY newer than the cursor, so events that
 * share the last `ts` of a page could be left out: the next request begins one nanosecond earlier, and the merge drops
 * the overlap. A page that bears one `ts` alone is asked for again, larger. Each step raises the cursor or, once for a
 * cursor, the page size, or, once for those, asks again: a walk always ends.
 * Source: specification, "What follows from that".
 */
export function judgePage(
  asked: PagePosition,
  basePageSize: number,
  answer: PageAnswer,
  nowNs: bigint,
): PageStep {
  const span = timeSpan(answer.events);
  const believable = timeSpan(answer.events.filter((event) => !isFuture(event, nowNs))) ?? span;
  const judged = { asked, basePageSize, answer, span, believable };
  if (answer.broken !== undefined) return stuck('PEER_MALFORMED', answer.broken, judged);
  const { nextCursor } = answer;
  const step = nextCursor === undefined ? judgeLastPage(judged) : judgeNextCursor(judged, nextCursor);
  const leads = step.flaw === undefined && step.legacyCap === undefined && step.next?.isSecondAsk !== true;
  return leads && isDisordered(judged) ? { ...step, isDisordered: true } : step;
}

/** Whether it is no page as the protocol has it: newer than the cursor, oldest first. An old server gives none. */
function isDisordered({ asked, answer, span }: Judged): boolean {
  const isPage = asked.knowsPages || answer.nextCursor !== undefined;
  return isPage && ((span !== undefined && span.oldestNs <= asked.cursor) || !isAscending(answer.events));
}

/** An answer without a cursor: the end of the ledger, or a server that does not know pages. */
function judgeLastPage(judged: Judged): PageStep {
  const { asked, answer, span, basePageSize } = judged;
  const { cursor, pageSize, knowsPages } = asked;
  const count = answer.events.length;
  if (span !== undefined && span.oldestNs <= cursor) {
    if (knowsPages && span.newestNs > cursor) return DONE;
    if (knowsPages) return leadsNowhere(`events from before the cursor ${cursor}`, judged);
    // It knows no cursor. What is not cut off is its whole ledger.
    return count < LEGACY_CAP ? DONE : { next: undefined, legacyCap: count };
  }
  if (count < pageSize && (knowsPages || count < LEGACY_CAP)) return DONE;
  if (span === undefined) {
    return stuck('PEER_CURSOR', 'a full page without a cursor or a time that can be believed', judged);
  }
  // The last page, or the newest events of a server that does not know pages. What does it say is newer?
  return { next: { ...firstPosition(span.newestNs, basePageSize), knowsPages, isProbe: true } };
}

function judgeNextCursor(judged: Judged, nextCursor: string): PageStep {
  const { asked, answer, span, basePageSize } = judged;
  const { cursor, pageSize } = asked;
  const claimed = parseCursor(nextCursor);
  if (claimed === undefined) {
    const shown = JSON.stringify(nextCursor.slice(0, 40));
    return stuck('PEER_MALFORMED', `the cursor ${shown} is no time`, judged);
  }
  if (answer.events.length === 0) return leadsNowhere('a cursor, but no events', judged);
  if (claimed <= cursor || (span !== undefined && claimed < span.oldestNs)) {
    return leadsNowhere(`the cursor ${claimed} does not advance beyond the page`, judged);
  }
  const next = { ...firstPosition(cursor, basePageSize), knowsPages: true };
  const oneNs = theOneTs(judged, claimed);
  if (oneNs !== undefined && pageSize >= MAX_PAGE_SIZE) {
    // A smaller page than was asked for may be one of before, given again.
    const isMeant = answer.events.length >= MAX_PAGE_SIZE || asked.isSecondAsk;
    return isMeant ? { next: { ...next, cursor: oneNs }, burstNs: oneNs } : askAgain(judged);
  }
  // From just before a ts that filled a page, a page of that size would bear nothing else.
  if (oneNs !== undefined) return { next: { ...next, cursor: oneNs - 1n, pageSize: MAX_PAGE_SIZE } };
  const reached = goals(judged, claimed).find((ts) => ts - 1n > cursor);
  if (reached !== undefined) return { next: { ...next, cursor: reached - 1n } };
  return leadsNowhere(`nothing beyond the cursor ${cursor}`, judged);
}

/** The `ts` that the whole page bears, behind the cursor; a page of hostile events has none but that of its cursor. */
function theOneTs({ asked: { cursor }, believable: span }: Judged, claimed: bigint): bigint | undefined {
  if (span === undefined) return claimed - 1n === cursor ? claimed : undefined;
  return span.oldestNs === span.newestNs && span.newestNs > cursor ? span.newestNs : undefined;
}

/**
 * Up to where the page can be taken to be whole, best first. A cursor beyond the page's own events would leave out what
 * lies between, so only what was seen counts; one within them means that the page is out of order.
 */
function goals({ believable: span }: Judged, claimed: bigint): bigint[] {
  if (span === undefined) return [claimed];
  return [claimed < span.newestNs ? claimed : span.newestNs, span.newestNs];
}

const DONE: PageStep = { next: undefined };

/** Once could be chance. */
function leadsNowhere(message: string, judged: Judged): PageStep {
  return judged.asked.isSecondAsk ? stuck('PEER_CURSOR', message, judged) : askAgain(judged);
}

function askAgain({ asked }: Judged): PageStep {
  return { next: { ...asked, isSecondAsk: true } };
}

/**
 * The end of the walk, though not of the ledger. Of the newest `ts` that was given some may be missing, and where the
 * page is out of order, any.
 */
function stuck(
  code: 'PEER_MALFORMED' | 'PEER_CURSOR',
  message: string,
  { asked: { cursor }, answer, believable }: Judged,
): PageStep {
  const isReached = believable !== undefined && believable.newestNs > cursor && isAscending(answer.events);
  const fromNs = isReached ? believable.newestNs : cursor + 1n;
  return { next: undefined, flaw: { error: new MeshBackupError(code, message), fromNs } };
}

function parseCursor(text: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}
