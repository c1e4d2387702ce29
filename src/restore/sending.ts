import { MeshBackupError } from '../errors.ts';
import type { Allotment } from './allotment.ts';
import { BatchSize } from './batch-size.ts';
import { BatchSource } from './batch-source.ts';
import type { Candidate, Candidates } from './candidates.ts';
import { confirmEvents, type Confirmation } from './confirm.ts';
import { Delivery, type DeliveryTally, type Reject } from './delivery.ts';
import { HeldLedger } from './held-ledger.ts';
import type { ImportClient } from './import-client.ts';
import { countDown } from './count-down.ts';
import type { RestoreOptions } from './restore-options.ts';
import { settle } from './settle.ts';
import type { Target } from './target.ts';
import type { TimeBudget } from './time-budget.ts';

export interface SendingOptions extends RestoreOptions {
  readonly client: ImportClient;
  readonly budget: TimeBudget;
  readonly target: Target;
  readonly candidates: Candidates;
  readonly allotment: Allotment;
  /** What may go by what the target holds now. */
  readonly allot: (held: HeldLedger) => Allotment;
}

/** The slowest of servers takes an event in much less. */
const QUIET_MS = 2000;
const MAX_RESTARTS = 3;

/** The part of a restore that changes the target, and the look at what came of it. Whatever goes wrong is in `trouble`. */
export class Sending {
  readonly #options: SendingOptions;
  readonly #delivery: Delivery;
  readonly #rejected = new Set<string>();
  /** `undefined`: nobody looked. */
  confirmation: Confirmation | undefined;
  /** Sent once more after a later look. */
  resent = 0;
  trouble: MeshBackupError | undefined;
  /** Whether all that was to go went, but for what was rejected. */
  isSent = false;

  constructor(options: SendingOptions) {
    const { client, budget, target, blind, signal, observer, batch, quietMs = QUIET_MS } = options;
    this.#options = options;
    this.#delivery = new Delivery({
      client,
      budget,
      signal,
      size: new BatchSize(batch),
      lacking: blind ? undefined : (events) => target.lacking(events),
      quietMs,
      onBatch: (events, { batches, delivered, bytes }) => {
        observer?.batch?.({ number: batches, events, done: delivered, bytes });
      },
      onTrouble: (error) => observer?.trouble?.(error),
      hasRestarted: () => target.refresh(),
      onReject: (reject, bytes) => this.#reject(reject, bytes),
    });
  }

  get tally(): DeliveryTally {
    return this.#delivery.tally;
  }

  async run(): Promise<void> {
    const { allotment, confirm, rejects } = this.#options;
    try {
      await this.#sendAll(allotment);
      this.isSent = true;
      if (confirm) await this.#confirm();
    } catch (error) {
      if (!(error instanceof MeshBackupError)) throw error;
      this.trouble = error;
    } finally {
      await rejects?.sync();
    }
  }

  /** What a target held is gone when it starts anew, and it must not be sent anything before it has settled. */
  async #sendAll(allotment: Allotment): Promise<void> {
    const { allot, blind, observer, target } = this.#options;
    for (let restarts = 0; ; restarts++) {
      try {
        await this.#delivery.sendAll(new BatchSource(this.#withoutRejects(allotment)));
        return;
      } catch (error) {
        const hasRestarted = error instanceof MeshBackupError && error.code === 'TARGET_RESTARTED';
        if (!hasRestarted || restarts === MAX_RESTARTS) throw error;
        observer?.trouble?.(error);
        await this.#settle();
        allotment = allot(blind ? new HeldLedger() : await target.look());
      }
    }
  }

  async #confirm(): Promise<void> {
    const { confirmAfterMs, budget, observer, signal, target, allot } = this.#options;
    await this.#look();
    if (confirmAfterMs === undefined) return;
    const tell = (leftMs: number): void => observer?.waiting?.(leftMs);
    await budget.standingStill(() => countDown(confirmAfterMs, tell, signal));
    await target.refresh();
    await this.#settle();
    const held = await this.#look();
    const missing = new Set<string>();
    for (const { id } of this.#sent()) if (!held.has(id)) missing.add(id);
    if (missing.size === 0) return;
    await this.#delivery.sendAll(new BatchSource(this.#again(allot(held), missing)));
    if (this.resent > 0) await this.#look();
  }

  async #settle(): Promise<void> {
    const { budget, target } = this.#options;
    await budget.standingStill(() => settle(target.facts, this.#options));
  }

  /** Reads the target's ledger, and holds what was sent against it. */
  async #look(): Promise<HeldLedger> {
    const { target, candidates, observer } = this.#options;
    observer?.confirming?.();
    const held = await target.look();
    this.confirmation = confirmEvents(this.#sent(), candidates, held, target.facts);
    return held;
  }

  #sent(): Generator<Candidate, void, undefined> {
    return this.#withoutRejects(this.#options.allotment);
  }

  *#withoutRejects(allotment: Allotment): Generator<Candidate, void, undefined> {
    for (const event of allotment.events()) if (!this.#rejected.has(event.id)) yield event;
  }

  *#again(allotment: Allotment, missing: ReadonlySet<string>): Generator<Candidate, void, undefined> {
    for (const event of this.#withoutRejects(allotment)) {
      if (!missing.has(event.id)) continue;
      this.resent++;
      yield event;
    }
  }

  async #reject({ id, reason }: Reject, bytes: Buffer): Promise<void> {
    const { rejects, observer } = this.#options;
    this.#rejected.add(id);
    await rejects?.add({ class: 'reject', reason, id, bytes: bytes.toString('base64') });
    observer?.rejected?.(id, reason);
  }
}
