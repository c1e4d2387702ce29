import type { EventMemo } from '../event/event-memo.ts';
import type { EventView } from '../event/event-view.ts';
import { parseAnswerBody, type BodyShape } from './answer-body.ts';

/** An answer to `POST /events/sync`, its events in the order of the body. */
export interface SyncAnswer {
  readonly from: string;
  readonly events: readonly EventView[];
  readonly nextCursor: string | undefined;
  /** Unix seconds, decimal. */
  readonly ts: string;
  readonly sig: string;
  /** The body is not what the protocol says: why. What stands before the break is there. */
  readonly broken: string | undefined;
}

const SHAPE: BodyShape = {
  list: 'events',
  scalars: { from: 'string', next_cursor: 'string', sig: 'string', ts: 'integer' },
};

/** Parses an answer's body. Never throws: where it breaks, `broken` says so. */
export function parseSyncAnswer(body: Buffer, memo?: EventMemo): SyncAnswer {
  const { events, scalars, broken } = parseAnswerBody(body, SHAPE, memo);
  return {
    from: scalars.get('from') ?? '',
    events,
    nextCursor: scalars.get('next_cursor'),
    ts: scalars.get('ts') ?? '',
    sig: scalars.get('sig') ?? '',
    broken,
  };
}
