import type { EventView } from '../event/event-view.ts';
import { isFuture } from '../event/proof.ts';

/** Unix nanoseconds of the oldest and the newest of some events. */
export interface TimeSpan {
  readonly oldestNs: bigint;
  readonly newestNs: bigint;
}

/** The span of the events whose time can be believed: readers disagree about a hostile one. `undefined`: none. */
export function timeSpan(events: readonly EventView[]): TimeSpan | undefined {
  let oldestNs: bigint | undefined;
  let newestNs: bigint | undefined;
  for (const { tsNs, hostile } of events) {
    if (hostile !== undefined) continue;
    if (oldestNs === undefined || tsNs < oldestNs) oldestNs = tsNs;
    if (newestNs === undefined || tsNs > newestNs) newestNs = tsNs;
  }
  return oldestNs === undefined || newestNs === undefined ? undefined : { oldestNs, newestNs };
}

/** The newest `ts` that is not of the future, `undefined` where all are, or are hostile. */
export function newestBelievable(events: readonly EventView[], nowNs: bigint): bigint | undefined {
  return timeSpan(events.filter((event) => !isFuture(event, nowNs)))?.newestNs;
}

/** Whether the events whose time can be believed come oldest first. */
export function isAscending(events: readonly Pick<EventView, 'tsNs' | 'hostile'>[]): boolean {
  let beforeNs: bigint | undefined;
  for (const { tsNs, hostile } of events) {
    if (hostile !== undefined) continue;
    if (beforeNs !== undefined && tsNs < beforeNs) return false;
    beforeNs = tsNs;
  }
  return true;
}
