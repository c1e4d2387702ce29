import type { EventView } from './event-view.ts';
import { partiesOf } from './roles.ts';

/** Which events are wanted; an empty list and `undefined` mean all. */
export interface EventFilter {
  /** Unix nanoseconds, inclusive. */
  readonly sinceNs?: bigint | undefined;
  /** Unix nanoseconds, exclusive. */
  readonly untilNs?: bigint | undefined;
  readonly services: readonly string[];
  /** Names or nara IDs, in any role. */
  readonly naras: readonly string[];
}

/** Whether the filter lets an event pass. */
export type EventTest = (event: EventView) => boolean;

export function compileFilter({ sinceNs, untilNs, services, naras }: EventFilter): EventTest {
  const tests: EventTest[] = [];
  if (sinceNs !== undefined) tests.push(({ tsNs }) => tsNs >= sinceNs);
  if (untilNs !== undefined) tests.push(({ tsNs }) => tsNs < untilNs);
  if (services.length > 0) tests.push(({ svc }) => services.includes(svc));
  if (naras.length > 0) {
    const wanted = new Set(naras);
    tests.push((event) => partiesOf(event).some((party) => wanted.has(party)));
  }
  return (event) => tests.every((test) => test(event));
}

/** The filter as one text: the same for filters that want the same. */
export function filterText({ sinceNs, untilNs, services, naras }: EventFilter): string {
  return JSON.stringify([
    `${sinceNs}`,
    `${untilNs}`,
    [...new Set(services)].sort(),
    [...new Set(naras)].sort(),
  ]);
}
