import { MeshBackupError, type ErrorCode } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import type { PublicKey } from '../identity/keypair.ts';
import { fetchEventTotal } from '../mesh/nara-facts.ts';
import type { PeerHttp } from '../mesh/http.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { fetchPing, type PingAnswer } from '../mesh/ping.ts';
import type { Requester } from '../mesh/request-signing.ts';
import { meetPeer } from './acquaintance.ts';
import { countLedger, type LedgerCount } from './count-ledger.ts';
import { ownNaraId } from './own-nara-id.ts';
import { INT64_MIN } from './page-step.ts';
import { namePeerFailure } from './peer-failure.ts';
import { PeerSession } from './peer-session.ts';
import { SyncClient } from './sync-client.ts';
import { DEFAULT_WALK_BOUNDS, type WalkBounds } from './walk-options.ts';
import { countEvents, newReport, type WalkReport } from './walk-report.ts';

export type SurveyBounds = Pick<WalkBounds, 'timeoutMs' | 'firstByteTimeoutMs' | 'idleTimeoutMs' | 'retry'>;

/** Enough for a peer that has to ask its neighbours who we are. */
export const DEFAULT_SURVEY_BOUNDS: SurveyBounds = {
  timeoutMs: 60_000,
  firstByteTimeoutMs: 60_000,
  idleTimeoutMs: 30_000,
  retry: { maxTries: 2, firstDelayMs: 500, maxDelayMs: 5_000 },
};

export interface SurveyOptions extends SurveyBounds {
  readonly http: PeerHttp;
  /** Without one only what needs no signature is asked for. */
  readonly requester?: Requester | undefined;
  /** Ends the survey; its reason is the trouble. */
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** What one peer tells of itself and its ledger; `undefined` is what it does not tell, or was not asked. */
export interface PeerSurvey extends Pick<
  WalkReport,
  'label' | 'url' | 'claimedName' | 'publicKey' | 'firstTsNs' | 'lastTsNs'
> {
  /** Whether an answer was signed by the key that it shows, and all were that count. */
  readonly isProven: boolean;
  /** The ID that it signs its own events with, where some were seen: no key covers it. */
  readonly naraId: string | undefined;
  /** Of a `/ping` on a connection that is open already. */
  readonly latencyMs: number | undefined;
  /** What its clock is ahead of ours. */
  readonly clockOffsetMs: number | undefined;
  /** Whether it can be paged through; of an empty ledger nobody can tell. */
  readonly mode: 'page' | 'legacy' | undefined;
  /** Whether it gives its events for what we sign; `false`: it refuses us. */
  readonly letsUsIn: boolean | undefined;
  readonly events: number | undefined;
  /** See `LedgerCount`. */
  readonly isExact: boolean;
  /** Why not all is known; `letsUsIn` says how far it went. */
  readonly trouble: MeshBackupError | undefined;
  readonly warnings: readonly string[];
}

/**
 * Looks at one peer by a handful of small requests: who it is, how far away, how its clock goes, whether it lets us in,
 * and how much it holds. Changes nothing there. Never throws: what went wrong is `trouble`.
 */
export async function surveyPeer(peer: PeerAddress, options: SurveyOptions): Promise<PeerSurvey> {
  const survey = new Survey(peer, options);
  await survey.look();
  return survey.result;
}

const REFUSALS = new Set<ErrorCode>(['PEER_REFUSED', 'PEER_UNKNOWN_SENDER', 'PEER_CLOCK', 'PEER_WRONG_SOUL']);

class Survey {
  readonly #options: SurveyOptions;
  readonly #peer: PeerAddress;
  readonly #report: WalkReport;
  readonly #session: PeerSession;
  #latencyMs: number | undefined;
  #clockOffsetMs: number | undefined;
  #mode: 'page' | 'legacy' | undefined;
  #letsUsIn: boolean | undefined;
  #count: LedgerCount | undefined;
  #naraId: string | undefined;
  #trouble: MeshBackupError | undefined;

  constructor(peer: PeerAddress, options: SurveyOptions) {
    this.#peer = peer;
    this.#options = options;
    this.#report = newReport(peer);
    this.#session = new PeerSession(peer, { ...DEFAULT_WALK_BOUNDS, ...options }, this.#report);
  }

  get result(): PeerSurvey {
    const { label, url, claimedName, publicKey, firstTsNs, lastTsNs, proven, warnings } = this.#report;
    return {
      label,
      url,
      claimedName,
      publicKey,
      isProven: proven,
      naraId: this.#naraId,
      latencyMs: this.#latencyMs,
      clockOffsetMs: this.#clockOffsetMs,
      mode: this.#mode,
      letsUsIn: this.#letsUsIn,
      events: this.#count?.events,
      isExact: this.#count?.isExact ?? false,
      firstTsNs,
      lastTsNs,
      trouble: this.#trouble,
      warnings,
    };
  }

  async look(): Promise<void> {
    const { firstByteTimeoutMs, requester, signal } = this.#options;
    try {
      this.#session.begin();
      const key = await meetPeer(this.#peer, this.#session, firstByteTimeoutMs, this.#report);
      await this.#measure();
      try {
        if (requester !== undefined) await this.#lookInside(requester, key);
      } finally {
        await this.#askTotal();
      }
    } catch (error) {
      this.#trouble = namePeerFailure(error, signal);
      if (REFUSALS.has(this.#trouble.code)) this.#letsUsIn = false;
    } finally {
      await this.#session.end();
    }
  }

  /** The first request also made the connection, which can take seconds on a mesh. */
  async #measure(): Promise<void> {
    const { now } = this.#options;
    const [sentMs, startedMs] = [now(), performance.now()];
    const ping = await this.#ifTold(fetchPing((request) => this.#send(request)));
    if (ping === undefined) return;
    this.#latencyMs = performance.now() - startedMs;
    this.#clockOffsetMs = offsetOf(ping, (sentMs + now()) / 2);
  }

  async #lookInside(requester: Requester, key: PublicKey | undefined): Promise<void> {
    const options = { ...DEFAULT_WALK_BOUNDS, ...this.#options, requester, acceptUnsigned: false };
    const client = new SyncClient(this.#session, options, this.#report, key);
    const seen: EventView[] = [];
    const take = (events: readonly EventView[]): readonly EventView[] => {
      this.#letsUsIn = true;
      countEvents(this.#report, events);
      seen.push(...events);
      return events;
    };
    const page = await client.fetchPage({ cursor: INT64_MIN, pageSize: 1 });
    if (page.broken !== undefined) throw new MeshBackupError('PEER_MALFORMED', page.broken);
    take(page.events);
    // A page that is full has a cursor behind it; a server that knows no pages gives its newest events without one.
    if (page.nextCursor !== undefined) this.#mode = 'page';
    else if (page.events.length > 0) this.#mode = 'legacy';
    this.#count = await countLedger(async (request) => take((await client.fetchSlice(request)).events));
    this.#naraId = ownNaraId(seen, this.#report.claimedName, key);
  }

  /** Only a web port tells, to everybody; a mesh port has no such page. */
  async #askTotal(): Promise<void> {
    const total = await this.#ifTold(fetchEventTotal((request) => this.#send(request)));
    if (total !== undefined) this.#count = { events: total, isExact: true };
  }

  /** Asked once: what is not told is no trouble. */
  async #ifTold<T>(asking: Promise<T>): Promise<T | undefined> {
    try {
      return await asking;
    } catch {
      return undefined;
    }
  }

  #send(request: Parameters<Parameters<typeof fetchPing>[0]>[0]): ReturnType<PeerSession['send']> {
    const { idleTimeoutMs } = this.#options;
    return this.#session.send({ ...request, idleTimeoutMs }, { requests: 0, bytes: 0 });
  }
}

function offsetOf({ unixMs }: PingAnswer, oursMs: number): number | undefined {
  return unixMs === undefined ? undefined : unixMs - oursMs;
}
