import { textOf, type HeldEvent } from './held-event.ts';

const MOST_PINGS = 5;
const MOST_OBSERVATIONS = 20;

/**
 * What a new ping does to the others of its target: one that is older than all of them finds no place at the limit,
 * any other displaces the oldest. Source: specification, "What a nara does to history" ("Pings").
 */
export function makeRoomForPing(
  ping: HeldEvent,
  others: Iterable<HeldEvent>,
): { isRefused: boolean; displaced?: HeldEvent } {
  const held = [...others];
  if (held.length < MOST_PINGS) return { isRefused: false };
  const displaced = oldest(held)!;
  if (ping.event.tsNs <= displaced.event.tsNs) return { isRefused: true };
  return { isRefused: false, displaced };
}

/**
 * The observation that goes when another of its observer and subject comes, whatever becomes of that one. At the limit
 * it is the oldest that is no restart. Where all are restarts, the oldest goes if a checkpoint knows of them.
 * Source: specification, "What a nara does to history" ("Observations").
 */
export function displacedObservation(
  others: Iterable<HeldEvent>,
  hasCheckpoint: boolean,
): HeldEvent | undefined {
  const held = [...others];
  if (held.length < MOST_OBSERVATIONS) return undefined;
  const ordinary = held.filter(({ payload }) => textOf(payload, 'type') !== 'restart');
  return oldest(ordinary) ?? (hasCheckpoint ? oldest(held) : undefined);
}

/** Of several with one `ts` the one that came first. */
function oldest(events: readonly HeldEvent[]): HeldEvent | undefined {
  return events.reduce<HeldEvent | undefined>(
    (first, held) => (first === undefined || held.event.tsNs < first.event.tsNs ? held : first),
    undefined,
  );
}
