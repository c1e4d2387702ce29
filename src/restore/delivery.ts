import { MeshBackupError } from '../errors.ts';
import type { BatchSize } from './batch-size.ts';
import type { BatchSource } from './batch-source.ts';
import { bytesInBody, type Candidate } from './candidates.ts';
import type { ImportOutcome } from './import-answer.ts';
import { importContent } from './import-body.ts';
import { refusal } from './prove-soul.ts';
import { Recovery, type RecoveryOptions } from './recovery.ts';

/** An event that the server cannot take, whatever comes with it. */
export interface Reject {
  readonly id: string;
  readonly reason: string;
}

/** What became of the batches; good at every moment. */
export interface DeliveryTally {
  /** Requests with events in them, tries and halves among them. */
  requests: number;
  batches: number;
  /** Of events, in batches that were begun. */
  bytes: number;
  /** Events that the server answered for, or that were seen there without an answer. */
  delivered: number;
  imported: number;
  duplicates: number;
  warnings: number;
  /** Those of `delivered` for which no answer came, and that were found there. */
  foundUnanswered: number;
  readonly rejects: Reject[];
}

export interface DeliveryOptions extends RecoveryOptions {
  readonly size: BatchSize;
  readonly onBatch: (events: number, tally: DeliveryTally) => void;
  readonly onReject: (reject: Reject, bytes: Buffer) => Promise<void>;
}

const MAX_REJECTS = 100;
/** An event alone is tried so often before it is held to be what kills the connection. */
const TRIES_ALONE = 3;

/**
 * Sends events, oldest first, one batch at a time, and goes on past what fails: a batch that is too large is halved, one
 * that no server takes is halved down to the event that spoils it, one that got no answer is looked up first.
 */
export class Delivery {
  readonly tally: DeliveryTally = {
    requests: 0,
    batches: 0,
    bytes: 0,
    delivered: 0,
    imported: 0,
    duplicates: 0,
    warnings: 0,
    foundUnanswered: 0,
    rejects: [],
  };
  readonly #options: DeliveryOptions;
  readonly #recovery: Recovery;
  /** How often running the server had no time for events, although it is there. */
  #timesBusy = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#recovery = new Recovery(options);
  }

  /**
   * Sends all of the source. Throws `TARGET_RESTARTED`, `TOO_MANY_REJECTS`, `RESTORE_TIMEOUT`, `TARGET_WRONG_SOUL`,
   * `TARGET_CLOCK`, the signal's reason, and what the source throws; the tally tells how far it came.
   */
  async sendAll(source: BatchSource): Promise<void> {
    const { size, signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const batch = source.take(size);
      if (batch.length === 0) return;
      this.tally.batches++;
      this.tally.bytes += bytesOf(batch);
      this.#options.onBatch(batch.length, this.tally);
      await this.#deliver(batch, 1, () => {
        source.prepare(size);
      });
    }
  }

  /** `tries`: the one that begins now. `meanwhile` is done while the first one is under way. */
  async #deliver(events: readonly Candidate[], tries: number, meanwhile?: () => void): Promise<void> {
    const outcome = await this.#post(events, tries, meanwhile);
    switch (outcome.kind) {
      case 'taken':
        if (outcome.imported + outcome.duplicates !== events.length) {
          return this.#resume(events, tries, { kind: 'broken', error: miscounted(outcome, events.length) });
        }
        this.#timesBusy = 0;
        this.#count(outcome, events.length);
        return;
      case 'too-large':
        this.#options.size.refused(bytesOf(events));
        return this.#divide(events, 'larger than the server, or a proxy before it, takes (413)');
      case 'refused':
        // If not even nothing is taken, it is not for what is in the batch.
        await this.#recovery.untilBack(0);
        return this.#divide(events, outcome.error.message);
      case 'clock':
        throw refusal(outcome);
      case 'busy':
      case 'moved':
      case 'no-nara':
      case 'broken':
        return this.#resume(events, tries, outcome);
    }
  }

  /** After an attempt without an answer: waits for the server, looks up what arrived, and goes on with the rest. */
  async #resume(
    events: readonly Candidate[],
    tries: number,
    { kind, error }: ImportOutcome & { error: MeshBackupError },
  ): Promise<void> {
    const { budget, onTrouble } = this.#options;
    onTrouble(error);
    // What was tried before died of it, or was looked up when nothing was added any more.
    const mayBeAtWork = error.code === 'PEER_SILENT' || (tries === 1 && error.code !== 'PEER_UNREACHABLE');
    const isElsewhere = kind === 'busy' || kind === 'moved';
    // A page that is no nara's may be for what is in the batch: it is waited for as often as the batch is tried.
    const pauses = isElsewhere ? ++this.#timesBusy : kind === 'no-nara' ? tries : 0;
    const rest = await this.#recovery.leftOf(events, pauses, mayBeAtWork);
    const found = events.length - rest.length;
    if (found > 0) {
      this.tally.foundUnanswered += found;
      this.tally.delivered += found;
      budget.progressed();
    }
    if (rest.length === 0) return;
    // A server that says that it is busy, or is elsewhere, is not dying of the batch.
    if (isElsewhere) return this.#deliver(rest, tries);
    if (tries < (rest.length === 1 ? TRIES_ALONE : 2)) return this.#deliver(rest, tries + 1);
    return this.#divide(rest, `no answer to it: ${error.message}`);
  }

  /** Sends both halves; of an event alone nothing is left to try. */
  async #divide(events: readonly Candidate[], reason: string): Promise<void> {
    const [first] = events;
    if (events.length === 1 && first !== undefined) return this.#reject(first, reason);
    const half = Math.ceil(events.length / 2);
    for (const part of [events.slice(0, half), events.slice(half)]) {
      this.#options.signal.throwIfAborted();
      await this.#deliver(part, part.length === 1 ? 1 : 2);
    }
  }

  async #reject({ id, bytes }: Candidate, reason: string): Promise<void> {
    const reject = { id, reason };
    this.tally.rejects.push(reject);
    await this.#options.onReject(reject, bytes);
    this.#options.budget.progressed();
    if (this.tally.rejects.length <= MAX_REJECTS) return;
    throw new MeshBackupError(
      'TOO_MANY_REJECTS',
      `More than ${MAX_REJECTS} events that the target cannot take.`,
      {
        hint: 'Something else is wrong: a proxy before it, or its version. What arrived so far stays.',
      },
    );
  }

  async #post(events: readonly Candidate[], tries: number, meanwhile?: () => void): Promise<ImportOutcome> {
    const { client, budget, size } = this.#options;
    const content = importContent(events);
    this.tally.requests++;
    const startedMs = performance.now();
    const post = (): Promise<ImportOutcome> => {
      const posting = client.post(content, budget.signal);
      meanwhile?.();
      return posting;
    };
    const outcome = await (tries === 1 ? budget.trusting(post) : post());
    if (outcome.kind === 'taken') size.answered(events.length, performance.now() - startedMs);
    return outcome;
  }

  #count({ imported, duplicates, warnings }: ImportOutcome & { kind: 'taken' }, events: number): void {
    this.tally.imported += imported;
    this.tally.duplicates += duplicates;
    this.tally.warnings += warnings;
    this.tally.delivered += events;
    this.#options.budget.progressed();
  }
}

function bytesOf(events: readonly Candidate[]): number {
  return events.reduce((sum, event) => sum + bytesInBody(event), 0);
}

function miscounted(
  { imported, duplicates }: { imported: number; duplicates: number },
  events: number,
): MeshBackupError {
  const message = `${imported} imported and ${duplicates} duplicates are not the ${events} that were sent`;
  return new MeshBackupError('PEER_MALFORMED', message);
}
