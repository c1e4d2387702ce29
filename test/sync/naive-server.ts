import type { EventView } from '../../src/event/event-view.ts';
import type { PagePosition } from '../../src/sync/page-step.ts';

interface NaivePage {
  /** Which of the server's events these are. */
  indices: number[];
  events: EventView[];
  nextCursor: string | undefined;
  broken: undefined;
}

/** Page mode in its plainest form: an array of times, strictly greater, cut at the page size. */
export class NaiveServer {
  /** In order; an event is its index. */
  readonly times: readonly bigint[];

  /** `count` events bear each `ts`. */
  constructor(groups: readonly { ts: bigint; count: number }[]) {
    this.times = groups.flatMap(({ ts, count }) => Array<bigint>(count).fill(ts));
  }

  page({ cursor, pageSize }: PagePosition): NaivePage {
    const first = this.times.findIndex((ts) => ts > cursor);
    const times = first === -1 ? [] : this.times.slice(first, first + pageSize);
    return {
      indices: times.map((_ts, at) => first + at),
      events: times.map((tsNs) => ({ tsNs, hostile: undefined }) as EventView),
      nextCursor: times.length === pageSize ? times.at(-1)!.toString() : undefined,
      broken: undefined,
    };
  }
}
