import pLimit from 'p-limit';
import type { KeyRing } from '../event/keyring.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { RunBuilder } from '../merge/run-builder.ts';
import type { Run, RunOrigin } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';
import { PeerHttp } from '../mesh/http.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { walkPeer, type Walk, type WalkedPage } from '../sync/walk-peer.ts';
import type { WalkReport } from '../sync/walk-report.ts';
import type { DumpOptions } from './dump.ts';
import type { Intake } from './intake.ts';

/** What one peer gave. */
export interface Fetched {
  readonly report: WalkReport;
  readonly runs: readonly Run[];
}

/**
 * Walks all peers, some at a time, into runs of the pool; those that failed for a reason that passes get a second try
 * when all have had their first. Teaches the ring the keys that peers proved to hold.
 */
export async function fetchAll(
  options: DumpOptions,
  intake: Intake,
  pool: RunPool,
  keys: KeyRing,
): Promise<Fetched[]> {
  const http = new PeerHttp(options.connectTimeoutMs);
  try {
    const fetches = options.peers.map(
      (peer) => new PeerFetch(walk(peer, http, options), options, intake, pool),
    );
    const limit = pLimit(options.workers);
    await Promise.all(fetches.map((fetch) => limit(() => fetch.first())));
    await Promise.all(fetches.map((fetch) => limit(() => fetch.again())));
    const fetched = fetches.map((fetch) => fetch.finish());
    for (const { report } of fetched) learnPeerKey(keys, report);
    return fetched;
  } finally {
    await http.close();
  }
}

function walk(peer: PeerAddress, http: PeerHttp, options: DumpOptions): Walk {
  const { filter, bounds, requester, acceptUnsigned, checkpoints, signal } = options;
  return walkPeer(peer, {
    ...bounds,
    http,
    requester,
    acceptUnsigned,
    checkpoints,
    signal,
    sinceNs: filter.sinceNs,
    untilNs: filter.untilNs,
    services: filter.services.length === 0 ? undefined : filter.services,
    now: Date.now,
  });
}

/** The fetching of one peer: its ledger and its checkpoints become runs of their own. */
class PeerFetch {
  readonly #walk: Walk;
  readonly #options: DumpOptions;
  readonly #intake: Intake;
  readonly #builders: Record<WalkedPage['part'], RunBuilder>;
  #secondTry: AsyncIterable<WalkedPage> | undefined;

  constructor(walk: Walk, options: DumpOptions, intake: Intake, pool: RunPool) {
    const { report } = walk;
    this.#walk = walk;
    this.#options = options;
    this.#intake = intake;
    this.#builders = {
      ledger: pool.builder(originOf(report, () => (report.proven ? report.publicKey : undefined))),
      // Nobody signs that answer: its copies count by their own proof alone.
      checkpoints: pool.builder(originOf(report, () => undefined)),
    };
  }

  async first(): Promise<void> {
    const { report, pages, again } = this.#walk;
    this.#options.observer?.peerStarted?.(report);
    await this.#take(pages);
    this.#secondTry = again();
    if (this.#secondTry === undefined) this.#options.observer?.peerEnded?.(report);
  }

  async again(): Promise<void> {
    if (this.#secondTry === undefined) return;
    await this.#take(this.#secondTry);
    this.#options.observer?.peerEnded?.(this.#walk.report);
  }

  finish(): Fetched {
    const { ledger, checkpoints } = this.#builders;
    return { report: this.#walk.report, runs: [...ledger.finish(), ...checkpoints.finish()] };
  }

  async #take(pages: AsyncIterable<WalkedPage>): Promise<void> {
    const { report } = this.#walk;
    for await (const { part, events } of pages) {
      await this.#intake.take(events, report.label, this.#builders[part]);
      this.#options.observer?.peerAdvanced?.(report);
    }
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
