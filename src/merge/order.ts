import type { EventView } from '../event/event-view.ts';
import { proveEvent } from '../event/proof.ts';

/**
 * The order of runs and backups: `ts`, then ID, then whether the ID fits (those first), then bytes. Nothing else decides,
 * so the result never depends on who answered first, and copies of one event follow one another.
 */
export function compareEvents(a: EventView, b: EventView): number {
  if (a === b) return 0;
  if (a.tsNs !== b.tsNs) return a.tsNs < b.tsNs ? -1 : 1;
  const bytes = compareBytes(a, b);
  if (bytes === 0) return 0; // most that share their time are the same, and need not be read for that
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return Number(fits(b)) - Number(fits(a)) || bytes;
}

/**
 * Whether both are copies of one event: their IDs are the same and fit, or they are equal byte for byte. What does not
 * fit, or cannot be checked, is nobody's copy.
 */
export function isCopy(a: EventView, b: EventView): boolean {
  if (a === b) return true;
  if (a.tsNs !== b.tsNs || a.id !== b.id) return false;
  return fits(a) ? fits(b) : compareBytes(a, b) === 0;
}

export function compareBytes(a: EventView, b: EventView): number {
  return a === b ? 0 : a.source.compare(b.source, b.start, b.end, a.start, a.end);
}

function fits(event: EventView): boolean {
  return proveEvent(event).class === 'id';
}
