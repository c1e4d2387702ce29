import { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import { meetPeer } from './acquaintance.ts';
import { CheckpointWalk } from './checkpoint-walk.ts';
import { LedgerWalk } from './ledger-walk.ts';
import { namePeerFailure } from './peer-failure.ts';
import { PeerSession } from './peer-session.ts';
import { SyncClient } from './sync-client.ts';
import type { WalkOptions } from './walk-options.ts';
import { newReport, type Flaw, type WalkReport } from './walk-report.ts';

export { DEFAULT_WALK_BOUNDS, type Introduce, type WalkBounds, type WalkOptions } from './walk-options.ts';

/** The events of one answer, as given: unproven, overlapping, any of them hostile. */
export interface WalkedPage {
  /** What `/api/checkpoints/all` gives is signed by nobody but its voters. */
  readonly part: 'ledger' | 'checkpoints';
  readonly events: readonly EventView[];
}

/** A walk under way: iterate `pages` to its end (or leave it), then read `report`. */
export interface Walk {
  /** Never throws. */
  readonly pages: AsyncIterable<WalkedPage>;
  readonly report: WalkReport;
  /**
   * A second try, for the end, when other peers have had their turn: goes on where the walk stopped, if it stopped for
   * a reason that passes and the peer has time left; `undefined` where there is nothing to gain. What is mended leaves
   * the report's flaws. To be called once `pages` has ended; it, too, never throws.
   */
  readonly again: () => AsyncIterable<WalkedPage> | undefined;
}

/** Walks a peer's ledger from start to end, and its checkpoints. Whatever goes wrong ends in `report.flaws`. */
export function walkPeer(peer: PeerAddress, options: WalkOptions): Walk {
  const report = newReport(peer);
  const walk = new PeerWalk(peer, options, report);
  return { report, pages: walk.pages(), again: () => (walk.canGain ? walk.pages() : undefined) };
}

type Pages = AsyncGenerator<WalkedPage, void, undefined>;

class PeerWalk {
  readonly #peer: PeerAddress;
  readonly #options: WalkOptions;
  readonly #report: WalkReport;
  readonly #session: PeerSession;
  readonly #checkpoints: CheckpointWalk;
  /** Once the peer has told who it is. */
  #ledger: LedgerWalk | undefined;
  #isWalked = false;
  /** What it holds is had already: it has only to prove that it is who it says. */
  #isHad = false;
  /** Why the ledger's walk ended before its end. */
  #ending: Flaw | undefined;

  constructor(peer: PeerAddress, options: WalkOptions, report: WalkReport) {
    this.#peer = peer;
    this.#options = options;
    this.#report = report;
    this.#session = new PeerSession(peer, options, report);
    this.#checkpoints = new CheckpointWalk(this.#session, options, report.checkpoints);
  }

  get canGain(): boolean {
    const { trouble } = this.#report.checkpoints;
    const isLedgerOpen = this.#ending?.error.retryable === true;
    // Of a ledger that is whole, the checkpoints are there.
    const areCheckpointsOpen = this.#ending !== undefined && trouble?.retryable === true;
    return this.#session.isOpen && (isLedgerOpen || areCheckpointsOpen);
  }

  async *pages(): Pages {
    this.#session.begin();
    try {
      if (!this.#isWalked && this.#ending?.error.retryable !== false) yield* this.#walkLedger();
      if (this.#wantsCheckpoints()) yield* this.#walkCheckpoints();
    } finally {
      await this.#session.end();
    }
  }

  async *#walkLedger(): Pages {
    const before = this.#forgetEnding();
    let failure: unknown = new MeshBackupError('INTERRUPTED', 'left before its end');
    try {
      this.#ledger ??= await this.#meet();
      const pages = this.#isHad ? this.#ledger.probe() : this.#ledger.pages();
      for await (const events of pages) yield { part: 'ledger', events };
      failure = undefined;
      this.#isWalked = true;
      if (before !== undefined) this.#report.notes.push(`went on after: ${before.error.message}`);
    } catch (error) {
      failure = error;
    } finally {
      // Also when the caller leaves in the middle: what it did not wait for was not given.
      if (failure !== undefined) this.#end(failure);
    }
  }

  async #meet(): Promise<LedgerWalk> {
    const key = await meetPeer(this.#peer, this.#session, this.#options.firstByteTimeoutMs, this.#report);
    this.#isHad = key !== undefined && this.#options.isHad?.(key.text) === true;
    const client = new SyncClient(this.#session, this.#options, this.#report, key);
    return new LedgerWalk(client, this.#session, this.#options, this.#report);
  }

  #end(failure: unknown): void {
    const fromNs = this.#ledger?.missingFromNs;
    const error = namePeerFailure(failure, this.#options.signal);
    this.#ending = fromNs === undefined ? { error } : { error, fromNs };
    this.#report.flaws.push(this.#ending);
  }

  #forgetEnding(): Flaw | undefined {
    const ending = this.#ending;
    this.#ending = undefined;
    if (ending !== undefined) this.#report.flaws.splice(this.#report.flaws.indexOf(ending), 1);
    return ending;
  }

  /** Also of a peer that refuses us or gives rubbish, but not of one that is not there, or has had its time. */
  #wantsCheckpoints(): boolean {
    const { checkpoints, services } = this.#options;
    const isAsked = checkpoints && (services === undefined || services.includes('checkpoint'));
    if (!isAsked || this.#checkpoints.isDone || this.#isHad) return false;
    if (this.#ledger !== undefined && this.#session.isOpen) return true;
    this.#report.checkpoints.trouble = this.#ending?.error;
    return false;
  }

  async *#walkCheckpoints(): Pages {
    const report = this.#report.checkpoints;
    let failure: unknown = new MeshBackupError('INTERRUPTED', 'left before its end');
    report.trouble = undefined;
    try {
      for await (const events of this.#checkpoints.pages()) yield { part: 'checkpoints', events };
      failure = undefined;
    } catch (error) {
      failure = error;
    } finally {
      if (failure !== undefined) report.trouble = namePeerFailure(failure, this.#options.signal);
    }
  }
}
