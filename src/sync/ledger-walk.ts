import { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import { firstPosition, INT64_MAX, INT64_MIN, judgePage, type PagePosition } from './page-step.ts';
import type { PeerSession } from './peer-session.ts';
import { burstFetcher, holdsMore, legacyFetcher, SERVICES } from './scope-fetchers.ts';
import { SeenEvents } from './seen-events.ts';
import { SliceRounds, type RoundsOptions } from './slice-rounds.ts';
import type { SyncClient } from './sync-client.ts';
import { newestBelievable } from './time-span.ts';
import type { WalkOptions } from './walk-options.ts';
import { countEvents, warn, type WalkReport } from './walk-report.ts';

const MAX_SERVICES = 100;

type Pages = AsyncGenerator<readonly EventView[], void, undefined>;

/** More events of one `ts` than a page holds. */
interface Burst {
  readonly burstNs: bigint;
  readonly rounds: SliceRounds;
}

/** A walk over one peer's ledger. Where `pages` throws, a further call goes on from where it was. */
export class LedgerWalk {
  readonly #client: SyncClient;
  readonly #session: PeerSession;
  readonly #options: WalkOptions;
  readonly #report: WalkReport;
  #position: PagePosition | undefined;
  #legacy: SliceRounds | undefined;
  /** How many events were given of the `ts` with which the next page begins: it gives them again. */
  #edge = { tsNs: INT64_MIN, count: 0 };

  constructor(client: SyncClient, session: PeerSession, options: WalkOptions, report: WalkReport) {
    this.#client = client;
    this.#session = session;
    this.#options = options;
    this.#report = report;
    this.#position = firstPosition(firstCursor(options.sinceNs), options.pageSize);
  }

  /** Unix nanoseconds of the first event that was not given for certain; `undefined` at the end. */
  get missingFromNs(): bigint | undefined {
    if (this.#position === undefined) return undefined;
    // Until the probe is answered, the newest events may be all that was given.
    const { isProbe, cursor } = this.#position;
    return (isProbe ? firstCursor(this.#options.sinceNs) : cursor) + 1n;
  }

  /** The events of one answer after another. What is missing for certain goes to the report. Throws as the client does. */
  async *pages(): Pages {
    const { pageSize, services, untilNs } = this.#options;
    while (this.#legacy === undefined && this.#position !== undefined) {
      const position: PagePosition = this.#position;
      if (!position.isProbe && isPast(position.cursor, untilNs)) break;
      const request = { cursor: position.cursor, pageSize: position.pageSize, services };
      const answer = await this.#client.fetchPage(request);
      this.#count(answer.events, position.cursor + 1n);
      // Whoever takes the events need not keep them: they are looked at before.
      const step = judgePage(position, pageSize, answer, this.#nowNs());
      const burst = step.burstNs === undefined ? undefined : this.#burst(step.burstNs, answer.events);
      if (step.legacyCap !== undefined) this.#legacy = this.#legacyRounds(step.legacyCap, answer.events);
      yield answer.events;
      if (step.isDisordered === true) warn(this.#report, 'gives its pages out of order');
      if (step.flaw !== undefined) this.#report.flaws.push(step.flaw);
      if (burst !== undefined) yield* this.#walkBurst(burst);
      this.#position = step.next;
      if (step.next !== undefined) this.#noteEdge(answer.events, step.next.cursor + 1n);
    }
    if (this.#legacy !== undefined) yield* this.#walkLegacy(this.#legacy);
    this.#position = undefined;
  }

  /** One answer from behind the ledger's end: it proves the peer's key, and holds nothing, or what is given unasked. */
  async *probe(): Pages {
    const { services } = this.#options;
    const { events } = await this.#client.fetchPage({ cursor: INT64_MAX - 1n, pageSize: 1, services });
    this.#count(events, INT64_MAX);
    this.#position = undefined;
    yield events;
  }

  #count(events: readonly EventView[], edgeNs: bigint): void {
    countEvents(this.#report, events);
    const known = this.#edge.tsNs === edgeNs ? this.#edge.count : 0;
    this.#session.countDistinct(events.length - Math.min(known, countOf(edgeNs, events)));
  }

  #noteEdge(events: readonly EventView[], edgeNs: bigint): void {
    const before = this.#edge.tsNs === edgeNs ? this.#edge.count : 0;
    this.#edge = { tsNs: edgeNs, count: Math.max(before, countOf(edgeNs, events)) };
  }

  #burst(burstNs: bigint, given: readonly EventView[]): Burst {
    const found = given.map(({ svc }) => svc);
    const rounds = this.#rounds(given, {
      fetcher: burstFetcher(this.#client, burstNs),
      services: [...new Set([...SERVICES, ...found])].slice(0, MAX_SERVICES),
      together: undefined,
      cursor: burstNs - 1n,
      untilNs: burstNs,
    });
    return { burstNs, rounds };
  }

  async *#walkBurst({ burstNs, rounds }: Burst): Pages {
    yield* rounds.pages();
    if (rounds.isSettled) return;
    const message = `${rounds.distinct} events bear the ts ${burstNs}, and neither services nor slices reach all of them`;
    this.#report.flaws.push({
      error: new MeshBackupError('PEER_BURST', message),
      fromNs: burstNs,
      toNs: burstNs,
    });
  }

  #legacyRounds(cap: number, given: readonly EventView[]): SliceRounds {
    const { services, sinceNs } = this.#options;
    const cursor = firstCursor(sinceNs);
    return this.#rounds(given, {
      fetcher: legacyFetcher(this.#client, cursor, cap),
      services: SERVICES,
      together: { services },
      cursor,
      // What an old server gives unasked are its newest events.
      untilNs: newestBelievable(given, this.#nowNs()) ?? INT64_MAX,
    });
  }

  #rounds(
    given: readonly EventView[],
    scope: Pick<RoundsOptions, 'fetcher' | 'services' | 'together' | 'untilNs'> & { readonly cursor: bigint },
  ): SliceRounds {
    const { services } = this.#options;
    const { cursor, untilNs } = scope;
    const rounds = new SliceRounds({
      ...scope,
      services: services ?? scope.services,
      seen: new SeenEvents(),
      confirm: async (count) => !(await holdsMore(this.#client, { services, cursor, untilNs, count })),
      onGiven: (events, fresh, distinct) => {
        countEvents(this.#report, events, events.length - fresh.length);
        this.#session.countDistinct(distinct);
      },
    });
    rounds.prime(given);
    return rounds;
  }

  async *#walkLegacy(rounds: SliceRounds): Pages {
    // Whatever is missing is missing from the start on.
    this.#position = firstPosition(firstCursor(this.#options.sinceNs), this.#options.pageSize);
    yield* rounds.pages();
    if (rounds.isSettled) return;
    const error = new MeshBackupError(
      'PEER_LEGACY',
      `an old server without page mode: ${rounds.rounds} rounds did not settle, the last added ${rounds.lastAdded} events`,
      { hint: 'Run again, or update that nara: naras since mid-January 2026 give their whole ledger.' },
    );
    this.#report.flaws.push({ error, fromNs: this.#position.cursor + 1n });
  }

  #nowNs(): bigint {
    return BigInt(Math.floor(this.#options.now())) * 1_000_000n;
  }
}

function firstCursor(sinceNs: bigint | undefined): bigint {
  if (sinceNs === undefined || sinceNs <= INT64_MIN) return INT64_MIN;
  return sinceNs > INT64_MAX ? INT64_MAX : sinceNs - 1n;
}

function countOf(tsNs: bigint, events: readonly EventView[]): number {
  return events.filter((event) => event.tsNs === tsNs).length;
}

/** Whether all that is newer than the cursor lies beyond the time asked for. */
function isPast(cursor: bigint, untilNs: bigint | undefined): boolean {
  return untilNs !== undefined && cursor + 1n >= untilNs;
}
