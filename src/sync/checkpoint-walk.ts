import { constants } from 'node:buffer';
import { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import { parseAnswerBody, type BodyShape } from './answer-body.ts';
import type { PeerSession } from './peer-session.ts';
import { SeenEvents } from './seen-events.ts';
import { assertUsable } from './usable-answer.ts';
import type { WalkOptions } from './walk-options.ts';
import type { CheckpointReport } from './walk-report.ts';

const PATH = '/api/checkpoints/all';
const LIMIT = 5000;
const MAX_PASSES = 5;
/** Pages overlap by so many at most, and by half: where a few go from the front of the list, none slips between two. */
const MOST_OVERLAP = 100;
const SHAPE: BodyShape = { list: 'checkpoints', scalars: { has_more: 'bool' } };

/** One page; `undefined`: the peer has no such list. */
type Page = { readonly events: readonly EventView[]; readonly hasMore: boolean } | undefined;

/**
 * The checkpoints of one peer, which it gives to everybody and does not sign. It counts them from the front of a list
 * that changes under it, so passes over more than one page are repeated until one adds nothing.
 * Source: specification, "Checkpoints for everybody".
 */
export class CheckpointWalk {
  readonly #session: PeerSession;
  readonly #options: WalkOptions;
  readonly #report: CheckpointReport;
  readonly #seen = new SeenEvents();
  #passes = 0;
  #isDone = false;

  constructor(session: PeerSession, options: WalkOptions, report: CheckpointReport) {
    this.#session = session;
    this.#options = options;
    this.#report = report;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The new events of each answer. Throws what `PeerSession.send` and `assertUsable` throw, and `PEER_MALFORMED`. */
  async *pages(): AsyncGenerator<readonly EventView[], void, undefined> {
    for (;;) {
      const before = this.#seen.count;
      yield* this.#pass();
      const added = this.#seen.count - before;
      this.#isDone ||= added === 0;
      if (this.#isDone) return;
      if (this.#passes % MAX_PASSES === 0) {
        const message = `pass ${this.#passes} over its checkpoints still added ${added}`;
        throw new MeshBackupError('PEER_MALFORMED', message);
      }
    }
  }

  async *#pass(): AsyncGenerator<readonly EventView[], void, undefined> {
    this.#passes++;
    for (let offset = 0; ;) {
      const page = await this.#session.retrying(() => this.#fetch(offset));
      // A list in one answer is of one moment; so is one that is not there.
      if (offset === 0 && page?.hasMore !== true) this.#isDone = true;
      if (page === undefined) return;
      const { fresh, isRepeated } = this.#sift(page.events);
      yield fresh;
      if (!page.hasMore) return;
      if (isRepeated)
        throw new MeshBackupError('PEER_MALFORMED', 'says that more checkpoints follow, and repeats itself');
      const { length } = page.events;
      offset += length - Math.min(MOST_OVERLAP, Math.floor(length / 2));
    }
  }

  async #fetch(offset: number): Promise<Page> {
    const { maxPageBytes, idleTimeoutMs, now } = this.#options;
    const request = {
      method: 'GET',
      path: `${PATH}?limit=${LIMIT}&offset=${offset}`,
      maxBytes: Math.min(maxPageBytes, constants.MAX_STRING_LENGTH),
      idleTimeoutMs,
    } as const;
    const answer = await this.#session.send(request, this.#report);
    if (answer.status === 404) return undefined;
    assertUsable(answer, now());
    const { events, scalars, broken } = parseAnswerBody(answer.body, SHAPE, this.#options.memo);
    if (broken !== undefined) throw new MeshBackupError('PEER_MALFORMED', broken);
    return { events, hasMore: scalars.get('has_more') === 't' };
  }

  /** `isRepeated`: this pass has had all of it. */
  #sift(events: readonly EventView[]): { fresh: EventView[]; isRepeated: boolean } {
    const fresh: EventView[] = [];
    let isRepeated = true;
    for (const event of events) {
      const note = this.#seen.note(event, this.#passes);
      isRepeated &&= note === 'twice';
      if (note === 'new') fresh.push(event);
    }
    this.#report.events += events.length;
    this.#report.repeats += events.length - fresh.length;
    this.#session.countDistinct(fresh.length);
    return { fresh, isRepeated };
  }
}
