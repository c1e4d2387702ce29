import { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import { ALL_ZERO_SOUL_KEY, type PublicKey } from '../identity/keypair.ts';
import type { PeerHttp } from '../mesh/http.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { fetchPing } from '../mesh/ping.ts';
import type { Requester } from '../mesh/request-signing.ts';
import { INT64_MIN, judgePage, type PagePosition } from './page-step.ts';
import { SyncClient } from './sync-client.ts';
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
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  const { sinceNs, untilNs, pageSize } = options;
  let position: PagePosition | undefined = { cursor: firstCursor(sinceNs), pageSize };
  let client: SyncClient | undefined;
  try {
    const key = await meet(peer, options, signal, report);
    client = new SyncClient({ ...options, url: peer.url, key, signal });
    while (position !== undefined && !isPast(position.cursor, untilNs)) {
      const answer = await client.fetchPage({ ...position, services: options.services });
      countEvents(report, answer.events);
      report.proven = key !== undefined && !client.tookUnsigned;
      yield answer.events;
      if (answer.broken !== undefined) throw new MeshBackupError('PEER_MALFORMED', answer.broken);
      const step = judgePage(position, pageSize, answer);
      if (step.flaw !== undefined) report.flaws.push(step.flaw);
      position = step.next;
    }
  } catch (error) {
    const fromNs = position === undefined ? undefined : position.cursor + 1n;
    report.flaws.push({
      error: flawOf(error, timeout, report, options),
      ...(fromNs !== undefined && { fromNs }),
    });
  } finally {
    report.requests = client?.requests ?? 0;
    report.bytes = client?.bytes ?? 0;
  }
}

/** Learns the peer's name and key. Throws `PEER_KEY` where it shows another key than the one given for it. */
async function meet(
  peer: PeerAddress,
  options: WalkOptions,
  signal: AbortSignal,
  report: WalkReport,
): Promise<PublicKey | undefined> {
  const ping = await fetchPing(options.http, peer.url, { idleTimeoutMs: options.firstByteTimeoutMs, signal });
  report.claimedName = ping.from;
  if (peer.name === undefined && ping.from !== undefined) report.label = ping.from;
  if (peer.name !== undefined && ping.from !== undefined && ping.from !== peer.name) {
    report.warnings.push(`calls itself ${ping.from}`);
  }
  if (ping.key !== undefined && peer.publicKey !== undefined && ping.key.text !== peer.publicKey.text) {
    throw new MeshBackupError('PEER_KEY', `shows the key ${ping.key.text}, not ${peer.publicKey.text}`, {
      hint: 'Somebody else answers at this address, or the nara has a new soul.',
    });
  }
  const key = peer.publicKey ?? ping.key;
  report.publicKey = key?.text;
  if (key === undefined) report.warnings.push('shows no key: its answers prove nothing');
  if (key?.text === ALL_ZERO_SOUL_KEY) {
    report.warnings.push(
      'shows the key of the all-zero soul (its soul did not parse): anybody can sign for it',
    );
  }
  return key;
}

function firstCursor(sinceNs: bigint | undefined): bigint {
  return sinceNs === undefined || sinceNs <= INT64_MIN ? INT64_MIN : sinceNs - 1n;
}

/** Whether all that is newer than the cursor lies beyond the time asked for. */
function isPast(cursor: bigint, untilNs: bigint | undefined): boolean {
  return untilNs !== undefined && cursor + 1n >= untilNs;
}

function countEvents(report: WalkReport, events: readonly EventView[]): void {
  report.events += events.length;
  for (const { tsNs } of events) {
    if (report.firstTsNs === undefined || tsNs < report.firstTsNs) report.firstTsNs = tsNs;
    if (report.lastTsNs === undefined || tsNs > report.lastTsNs) report.lastTsNs = tsNs;
  }
}

function flawOf(
  error: unknown,
  timeout: AbortSignal,
  report: WalkReport,
  options: WalkOptions,
): MeshBackupError {
  const { signal, timeoutMs } = options;
  if (signal.aborted) {
    const reason: unknown = signal.reason;
    return reason instanceof MeshBackupError ? reason : new MeshBackupError('INTERRUPTED', 'stopped');
  }
  if (timeout.aborted) {
    const within = `within ${timeoutMs / 1000} s`;
    return report.events === 0
      ? new MeshBackupError('PEER_SILENT', `no answer ${within}`, { retryable: true })
      : new MeshBackupError('PEER_TIMEOUT', `not done ${within}`, {
          hint: 'Raise -timeout.',
          retryable: true,
        });
  }
  if (error instanceof MeshBackupError) return error;
  throw error;
}
