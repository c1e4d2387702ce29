import { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { PeerHttp } from '../mesh/http.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import type { Requester } from '../mesh/request-signing.ts';
import { meetPeer, noteSignature } from './acquaintance.ts';
import { firstPosition, INT64_MAX, INT64_MIN, judgePage, type PagePosition } from './page-step.ts';
import { SyncClient } from './sync-client.ts';
import { timeSpan } from './time-span.ts';
import type { WalkReport } from './walk-report.ts';

/** The bounds of one peer's walk. */
export interface WalkBounds {
  /** Wall clock over all requests to the peer. */
  readonly timeoutMs: number;
  /** Without a byte for so long a request ends: before the peer's first answer, and after it. */
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Events a page, 1 to 5000. */
  readonly pageSize: number;
  readonly maxPageBytes: number;
}

export const DEFAULT_WALK_BOUNDS: WalkBounds = {
  timeoutMs: 180_000,
  firstByteTimeoutMs: 60_000,
  idleTimeoutMs: 30_000,
  pageSize: 2000,
  maxPageBytes: 64 * 1024 * 1024,
};

export interface WalkOptions extends WalkBounds {
  readonly http: PeerHttp;
  readonly requester: Requester;
  /** Unix nanoseconds, inclusive and exclusive. */
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  /** Asked of the server; `undefined`: all. */
  readonly services: readonly string[] | undefined;
  readonly acceptUnsigned: boolean;
  /** Ends the walk; its reason is reported as the flaw. */
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A walk under way: iterate `pages` to its end (or leave it), then read `report`. */
export interface Walk {
  /** The events of one answer after another, as given: unproven, overlapping, any of them hostile. Never throws. */
  readonly pages: AsyncIterable<readonly EventView[]>;
  readonly report: WalkReport;
}

/** Walks a peer's ledger from start to end. Whatever goes wrong ends in `report.flaws`. */
export function walkPeer(peer: PeerAddress, options: WalkOptions): Walk {
  const report: WalkReport = {
    label: peer.name ?? peer.url.host,
    url: peer.url.href,
    claimedName: undefined,
    publicKey: peer.publicKey?.text,
    proven: false,
    requests: 0,
    bytes: 0,
    events: 0,
    firstTsNs: undefined,
    lastTsNs: undefined,
    flaws: [],
    warnings: [],
  };
  return { report, pages: walkPages(peer, options, report) };
}

async function* walkPages(
  peer: PeerAddress,
  options: WalkOptions,
  report: WalkReport,
): AsyncGenerator<readonly EventView[], void, undefined> {
  const { sinceNs, untilNs, pageSize, services } = options;
  const deadline = new Deadline(options.signal, options.timeoutMs, () => timeOver(options, report));
  const connection = options.http.connect(peer.url);
  const bounded = { ...options, connection, signal: deadline.signal };
  let position: PagePosition | undefined = firstPosition(firstCursor(sinceNs), pageSize);
  let failure: unknown = new MeshBackupError('INTERRUPTED', 'left before its end');
  try {
    const key = await meetPeer(peer, bounded, report);
    const client = new SyncClient({ ...bounded, key, traffic: report });
    while (position !== undefined && (position.isProbe || !isPast(position.cursor, untilNs))) {
      const { answer, verdict } = await client.fetchPage({ ...position, services });
      noteSignature(report, verdict);
      countEvents(report, answer.events);
      yield answer.events;
      const step = judgePage(position, pageSize, answer);
      if (step.flaw !== undefined) report.flaws.push(step.flaw);
      position = step.next;
    }
    failure = undefined;
  } catch (error) {
    failure = error;
  } finally {
    // Also when the caller leaves in the middle: what it did not wait for was not given.
    if (failure !== undefined)
      report.flaws.push({ error: nameFailure(failure, options.signal), ...from(position) });
    deadline.end();
    await connection.close();
  }
}

function from(position: PagePosition | undefined): { fromNs?: bigint } {
  return position === undefined ? {} : { fromNs: position.cursor + 1n };
}

function firstCursor(sinceNs: bigint | undefined): bigint {
  if (sinceNs === undefined || sinceNs <= INT64_MIN) return INT64_MIN;
  return sinceNs > INT64_MAX ? INT64_MAX : sinceNs - 1n;
}

/** Whether all that is newer than the cursor lies beyond the time asked for. */
function isPast(cursor: bigint, untilNs: bigint | undefined): boolean {
  return untilNs !== undefined && cursor + 1n >= untilNs;
}

function countEvents(report: WalkReport, events: readonly EventView[]): void {
  report.events += events.length;
  const span = timeSpan(events);
  if (span === undefined) return;
  const { firstTsNs = span.oldestNs, lastTsNs = span.newestNs } = report;
  report.firstTsNs = span.oldestNs < firstTsNs ? span.oldestNs : firstTsNs;
  report.lastTsNs = span.newestNs > lastTsNs ? span.newestNs : lastTsNs;
}

/** The wall clock's end: `PEER_SILENT` where no byte of the ledger came, `PEER_TIMEOUT` where some did. */
function timeOver({ timeoutMs }: WalkOptions, report: WalkReport): MeshBackupError {
  const within = `within ${timeoutMs / 1000} s`;
  return report.bytes === 0
    ? new MeshBackupError('PEER_SILENT', `no answer ${within}`, { retryable: true })
    : new MeshBackupError('PEER_TIMEOUT', `not done ${within}`, { hint: 'Raise -timeout.', retryable: true });
}

/** One peer's trouble never ends the others' walks, not even where it is a mistake of ours. */
function nameFailure(error: unknown, signal: AbortSignal): MeshBackupError {
  if (error instanceof MeshBackupError) return error;
  if (signal.aborted && error === signal.reason) {
    return new MeshBackupError('INTERRUPTED', 'stopped', { cause: error });
  }
  return new MeshBackupError('INTERNAL', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
