import { readEvent, type EventView } from '../event/event-view.ts';
import { scanLine } from '../event/scanner.ts';
import type { LinePlace } from './line-arena.ts';
import { compareEvents } from './order.ts';

/** An event in memory that waits for the merge. */
export interface EventRecord {
  readonly tsNs: bigint;
  readonly place: LinePlace;
}

/** What a record costs beside its line's bytes. */
export const RECORD_BYTES = 120;

/** Sorts records in the order of runs: by `ts`; those of one `ts` are looked at more closely. */
export function sortRecords(records: EventRecord[]): void {
  records.sort((a, b) => (a.tsNs < b.tsNs ? -1 : a.tsNs > b.tsNs ? 1 : 0));
  for (let start = 0; start < records.length;) {
    let end = start + 1;
    while (end < records.length && records[end]!.tsNs === records[start]!.tsNs) end++;
    if (end - start > 1) sortTies(records, start, end);
    start = end;
  }
}

function sortTies(records: EventRecord[], start: number, end: number): void {
  const ties = records.slice(start, end).map((record) => ({ record, event: viewRecord(record) }));
  ties.sort((a, b) => compareEvents(a.event, b.event));
  for (const [at, { record }] of ties.entries()) records[start + at] = record;
}

/** The view of a record; it outlives the arena. */
export function viewRecord({ place }: EventRecord): EventView {
  const scanner = scanLine(Buffer.from(place.chunk.subarray(place.start, place.end)));
  if (scanner === undefined) throw new RangeError('an event that was scanned before is no JSON');
  return readEvent(scanner);
}
