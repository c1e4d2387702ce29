import { MeshBackupError } from '../errors.ts';
import { pause } from '../mesh/pause.ts';
import { backoffMs } from '../sync/backoff.ts';
import type { Candidate } from './candidates.ts';
import type { ImportClient } from './import-client.ts';
import { refusal } from './prove-soul.ts';
import type { TimeBudget } from './time-budget.ts';

export interface RecoveryOptions {
  readonly client: ImportClient;
  readonly budget: TimeBudget;
  /** Which of these the target lacks; `undefined`: it cannot be read, so all are sent again. */
  readonly lacking: ((events: readonly Candidate[]) => Promise<readonly Candidate[]>) | undefined;
  /** A server that may be at work on a batch is done with it when so long nothing is added. */
  readonly quietMs: number;
  /** Whether the server has started anew since this was asked last: what it held may be gone. */
  readonly hasRestarted: () => Promise<boolean>;
  /** Stops between batches, and while nobody answers. */
  readonly signal: AbortSignal;
  readonly onTrouble: (error: MeshBackupError) => void;
}

const PROBES = { maxTries: Infinity, firstDelayMs: 250, maxDelayMs: 20_000 };

/** What is done after a batch that was not answered: wait for the server, and find out what it took. */
export class Recovery {
  readonly #options: RecoveryOptions;
  /** The user's, or the end of the time. */
  readonly #signal: AbortSignal;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.budget.signal, options.signal]);
  }

  /** Which of these the server lacks, once it is there again: it is asked until it says. */
  async leftOf(
    events: readonly Candidate[],
    pauses: number,
    mayBeAtWork: boolean,
  ): Promise<readonly Candidate[]> {
    const { hasRestarted, onTrouble } = this.#options;
    for (; ; pauses++) {
      await this.untilBack(pauses);
      try {
        if (await hasRestarted()) throw restarted();
        return await this.#lookUp(events, mayBeAtWork);
      } catch (error) {
        this.#signal.throwIfAborted();
        const isPassing = error instanceof MeshBackupError && error.retryable;
        if (!isPassing || error.code === 'TARGET_RESTARTED') throw error;
        onTrouble(error);
      }
    }
  }

  /**
   * Which of these the target lacks. One that may still be at work on the batch, as its first half shows, would get twice
   * what is sent again too early: then it is looked up until nothing is added.
   */
  async #lookUp(events: readonly Candidate[], mayBeAtWork: boolean): Promise<readonly Candidate[]> {
    const { lacking, quietMs, budget } = this.#options;
    if (lacking === undefined) return events;
    let rest = await lacking(events);
    let isDone = rest.length === events.length && !mayBeAtWork;
    while (!isDone && rest.length > 0) {
      await pause(quietMs, this.#signal);
      const before = rest.length;
      rest = await lacking(events);
      isDone = rest.length === before;
      if (!isDone) budget.progressed();
    }
    return rest;
  }

  /** Asks with imports of nothing until one is taken, and waits the longer before each the more `tries` there were. */
  async untilBack(tries: number): Promise<void> {
    for (; ; tries++) {
      if (tries > 0) await pause(backoffMs(PROBES, tries), this.#signal);
      const outcome = await this.#options.client.probe(this.#signal);
      if (outcome.kind === 'taken') return;
      if (outcome.kind === 'refused' || outcome.kind === 'clock') throw refusal(outcome);
    }
  }
}

function restarted(): MeshBackupError {
  return new MeshBackupError('TARGET_RESTARTED', 'The target has started anew', {
    hint: 'Restore again when it has been up for six minutes.',
    retryable: true,
  });
}
