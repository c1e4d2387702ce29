import pLimit from 'p-limit';
import type { KeyRing } from '../event/keyring.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { RunBuilder } from '../merge/run-builder.ts';
import type { RunOrigin } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';
import { PeerHttp } from '../mesh/http.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { walkPeer, type Walk, type WalkedPage } from '../sync/walk-peer.ts';
import type { WalkReport } from '../sync/walk-report.ts';
import type { DumpOptions } from './dump-options.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import type { Intake } from './intake.ts';
import type { LeftWalk } from './leftover.ts';
import { reportTaken, type TakenWalks } from './taken-walks.ts';
import { completeWalk, type WorkLog } from './work-log.ts';

/** What the walks of a dump share. */
export interface FetchContext {
  readonly intake: Intake;
  readonly pool: RunPool;
  readonly keys: KeyRing;
  /** Where what is fetched is written down at once; `undefined`: it waits in the pool. */
  readonly log: WorkLog | undefined;
  /** What earlier runs walked; their events are runs already. */
  readonly taken: TakenWalks;
  readonly evidence: EvidenceKeeper | undefined;
}

/** Who can keep coming late for so long is making us wait. */
const MAX_LATE_ROUNDS = 5;

/**
 * Walks all peers, some at a time, into runs of the pool; those that failed for a reason that passes get a second try
 * when all have had their first, and then come those that came late. Teaches the ring the keys that peers proved to hold.
 */
export async function fetchAll(options: DumpOptions, context: FetchContext): Promise<WalkReport[]> {
  const { proxy, connectTimeoutMs, latePeers, signal, observer } = options;
  const http = new PeerHttp({ connectTimeoutMs, proxy });
  const limit = pLimit(options.workers);
  const reports: WalkReport[] = [];
  const walkAll = async (peers: readonly PeerAddress[]): Promise<void> => {
    const number = reports.length;
    const fetches = peers.map((peer, index) => new PeerFetch(peer, number + index, http, options, context));
    reports.push(...fetches.map(({ report }) => report));
    await Promise.all(fetches.map((fetch) => limit(() => fetch.first())));
    await Promise.all(fetches.map((fetch) => limit(() => fetch.again())));
  };
  try {
    await walkAll(options.peers);
    for (let round = 0; round < MAX_LATE_ROUNDS && latePeers !== undefined && !signal.aborted; round++) {
      const late = await latePeers();
      if (late.length === 0) break;
      observer?.peersAdded?.(late);
      await walkAll(late);
    }
    for (const report of reports) learnPeerKey(context.keys, report);
    return reports;
  } finally {
    await http.close();
  }
}

/** The fetching of one peer: its ledger and its checkpoints become runs of their own. */
class PeerFetch {
  readonly #number: number;
  readonly #options: DumpOptions;
  readonly #context: FetchContext;
  readonly #walk: Walk;
  readonly #builders: Record<WalkedPage['part'], RunBuilder>;
  #secondTry: AsyncIterable<WalkedPage> | undefined;
  #takenWalk: LeftWalk | undefined;

  constructor(
    peer: PeerAddress,
    number: number,
    http: PeerHttp,
    options: DumpOptions,
    context: FetchContext,
  ) {
    this.#number = number;
    this.#options = options;
    this.#context = context;
    this.#walk = this.#plan(peer, http);
    const { report } = this.#walk;
    const { pool } = context;
    this.#builders = {
      ledger: pool.builder(originOf(report, () => (report.proven ? report.publicKey : undefined))),
      // Nobody signs that answer: its copies count by their own proof alone.
      checkpoints: pool.builder(originOf(report, () => undefined)),
    };
  }

  get report(): WalkReport {
    return this.#walk.report;
  }

  async first(): Promise<void> {
    const { report, pages, again } = this.#walk;
    this.#options.observer?.peerStarted?.(report);
    await this.#take(pages);
    if (this.#takenWalk !== undefined && report.flaws.length === 0) reportTaken(report, this.#takenWalk);
    this.#secondTry = again();
    if (this.#secondTry === undefined) await this.#end();
  }

  async again(): Promise<void> {
    if (this.#secondTry === undefined) return;
    await this.#take(this.#secondTry);
    await this.#end();
  }

  #plan(peer: PeerAddress, http: PeerHttp): Walk {
    const { filter, bounds, requester, acceptUnsigned, checkpoints, signal } = this.#options;
    const introduce = this.#options.introduce?.(peer);
    return walkPeer(peer, {
      ...bounds,
      http,
      introduce,
      memo: this.#context.pool.memo,
      requester,
      acceptUnsigned,
      checkpoints,
      signal,
      sinceNs: filter.sinceNs,
      untilNs: filter.untilNs,
      services: filter.services.length === 0 ? undefined : filter.services,
      isHad: (publicKey) => {
        // Who is told who we are now must give all that it still has.
        if (introduce !== undefined) return false;
        this.#takenWalk = this.#context.taken.claim(publicKey);
        return this.#takenWalk !== undefined;
      },
      onAnswer: this.#context.evidence?.onAnswer,
      now: Date.now,
    });
  }

  async #take(pages: AsyncIterable<WalkedPage>): Promise<void> {
    const { report } = this.#walk;
    const { intake, log, pool, evidence } = this.#context;
    for await (const { part, events } of pages) {
      await intake.take(events, report.label, (accepted) => {
        for (const event of accepted) this.#builders[part].add(event);
        log?.write({ peer: this.#number, part }, accepted);
        pool.relieve();
      });
      await evidence?.settle();
      this.#options.observer?.peerAdvanced?.(report);
    }
  }

  async #end(): Promise<void> {
    const { report } = this.#walk;
    const walk = report.takenFromMs === undefined ? completeWalk(report) : undefined;
    if (walk !== undefined) await this.#context.log?.complete(this.#number, walk);
    this.#options.observer?.peerEnded?.(report);
  }
}

/** What the report says when it is asked: name and key are known only after a while. */
function originOf(report: WalkReport, holder: () => string | undefined): RunOrigin {
  return {
    role: 'source',
    get label() {
      return report.label;
    },
    get holder() {
      return holder();
    },
  };
}

/** A peer whose answers verify has shown that it holds its key; the name is what it calls itself. */
function learnPeerKey(keys: KeyRing, { proven, claimedName, publicKey }: WalkReport): void {
  const key = proven && publicKey !== undefined ? PublicKey.parse(publicKey) : undefined;
  if (key !== undefined && claimedName !== undefined) keys.add(claimedName, key);
}
