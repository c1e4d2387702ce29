import { claim, type Claim } from '../evidence/claim.ts';
import {
  canAccuse,
  MAX_BODY_BYTES,
  MAX_CLAIMS,
  writeEvidence,
  type KeptAnswer,
} from '../evidence/evidence-file.ts';
import type { EvidenceFolder } from '../evidence/evidence-folder.ts';
import { judgeAnswer } from '../evidence/judge-answer.ts';
import { accusingKeys, judgeCopies, keysBehind } from '../evidence/judge-copies.ts';
import { eventBytes, type EventView } from '../event/event-view.ts';
import type { KeySource } from '../event/keyring.ts';
import type { Copy } from '../merge/copies.ts';
import { parseSyncAnswer } from '../sync/answer.ts';
import type { SignedAnswer } from '../sync/walk-options.ts';
import { AnswerSpool, type SpooledAnswer } from './answer-spool.ts';
import type { EvidenceCounts } from './summary.ts';

/** So many robbed copies are named of one answer: each brings the better copy along. */
const MAX_ROBBED = 20;
/** A longer better copy is not brought along. */
const MAX_BETTER_BYTES = 64 * 1024;

/**
 * Writes down which signed answers prove that their peer handed out false copies. What an answer shows by itself is
 * written at once; what only a better copy shows waits in a private file for the merge.
 */
export class EvidenceKeeper {
  readonly #folder: EvidenceFolder;
  readonly #spool: AnswerSpool;
  readonly #keys: KeySource;
  /** By answer, of those that are to be written at the end. */
  readonly #robbed = new Map<SpooledAnswer, Claim[]>();
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  readonly counts: EvidenceCounts = { files: 0, leftOut: 0, isFull: false };

  constructor(folder: EvidenceFolder, spoolFolder: string, keys: KeySource) {
    this.#folder = folder;
    this.#spool = new AnswerSpool(spoolFolder);
    this.#keys = accusingKeys(keys);
  }

  /** Never throws: the peer is not to blame for our disk. `settle` does. */
  readonly onAnswer = (answer: SignedAnswer): void => {
    if (this.#failure !== undefined || !canAccuse(answer.key)) return;
    try {
      const claims = [...judgeAnswer(answer.answer)];
      if (claims.length > 0) this.#keep({ ...answer, key: answer.key.text }, claims);
      this.#spool.add(answer);
    } catch (error) {
      this.#failure = asError(error);
    }
  };

  /** Looks at a copy that lost, for what it was robbed of. Throws `TEMPORARY_FILE`. */
  readonly onLoser = (loser: Copy, winner: Copy): void => {
    const holders = new Set(
      Array.from(loser.origins, ({ holder }) => holder).filter((one) => one !== undefined),
    );
    if (holders.size === 0) return;
    const kind = judgeCopies(loser.event, winner.event, this.#keys);
    if (kind === undefined) return;
    const better = {
      line: eventBytes(winner.event).toString('base64'),
      keys: keysBehind(winner.event, this.#keys),
    };
    for (const holder of holders) {
      const say = (index: number): Claim => claim(kind, index, loser.event.id, better);
      if (!this.#accuse(holder, loser.event, say, better.line.length)) this.counts.leftOut++;
    }
  };

  /** Waits for what is being written. Throws `FILE_UNWRITABLE`, `NO_ROOM`, `TEMPORARY_FILE`. */
  async settle(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes what the merge has shown. Throws as `settle` does. */
  async end(): Promise<void> {
    for (const [answer, claims] of this.#robbed) {
      this.#keep({ ...answer, body: this.#spool.read(answer) }, claims);
      await this.settle();
    }
    await this.settle();
  }

  close(): void {
    this.#spool.close();
  }

  /** Notes a claim for the answer in which this peer gave these bytes; false where it cannot be kept. */
  #accuse(holder: string, event: EventView, say: (index: number) => Claim, betterLength: number): boolean {
    if (betterLength > MAX_BETTER_BYTES) return false;
    const answers = this.#spool.find(holder, event.tsNs);
    const chosen = [...this.#robbed.keys()].filter(({ key }) => key === holder).length;
    for (const answer of answers) {
      const claims = this.#robbed.get(answer) ?? [];
      const isTooMuch = claims.length === 0 && chosen >= this.#folder.filesLeft(holder);
      if (isTooMuch || claims.length >= MAX_ROBBED) continue; // so a look into the answer can be spared
      const bytes = eventBytes(event);
      const { events } = parseSyncAnswer(this.#spool.read(answer));
      const index = events.findIndex((one) => eventBytes(one).equals(bytes));
      if (index === -1) continue;
      this.#robbed.set(answer, [...claims, say(index)]);
      return true;
    }
    return false;
  }

  /** Begins to write a file. */
  #keep(answer: KeptAnswer, claims: readonly Claim[]): void {
    const bytes = answer.body.length > MAX_BODY_BYTES ? undefined : writeEvidence(answer, claims, Date.now());
    const path = bytes && this.#folder.reserve(answer.key, bytes.length);
    if (bytes === undefined || path === undefined) {
      this.counts.leftOut += claims.length;
      this.counts.isFull = this.#folder.isFull;
      return;
    }
    this.counts.files++;
    this.counts.leftOut += Math.max(0, claims.length - MAX_CLAIMS);
    this.#writing = this.#writing
      .then(() => this.#folder.write(path, bytes))
      .catch((error: unknown) => {
        this.#failure ??= asError(error);
      });
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
