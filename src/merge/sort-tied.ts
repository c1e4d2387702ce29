import TinyQueue from 'tinyqueue';
import type { EventView } from '../event/event-view.ts';
import { compareEvents } from './order.ts';

/** So many views are there at a time: those of a burst would cost more memory than its events. */
const PIECE_EVENTS = 4096;

interface Head {
  readonly at: number;
  readonly event: EventView;
  readonly rest: Uint32Array;
}

/** Sorts numbers of events that share their time, in place: piece by piece, then one merge of the pieces. */
export function sortTied(numbers: Uint32Array, eventAt: (at: number) => EventView): void {
  const pieces: Uint32Array[] = [];
  for (let from = 0; from < numbers.length; from += PIECE_EVENTS) {
    const piece = numbers.subarray(from, from + PIECE_EVENTS);
    const tied = Array.from(piece, (at) => ({ at, event: eventAt(at) }));
    tied.sort((a, b) => compareEvents(a.event, b.event));
    for (const [index, { at }] of tied.entries()) piece[index] = at;
    pieces.push(piece);
  }
  if (pieces.length > 1) mergePieces(pieces, numbers, eventAt);
}

function mergePieces(
  pieces: readonly Uint32Array[],
  into: Uint32Array,
  eventAt: (at: number) => EventView,
): void {
  const headOf = (piece: Uint32Array): Head => {
    const at = piece[0]!;
    return { at, event: eventAt(at), rest: piece.subarray(1) };
  };
  // The pieces lie where the result is to go.
  const heads = pieces.map((piece) => headOf(piece.slice()));
  const queue = new TinyQueue(heads, (a, b) => compareEvents(a.event, b.event));
  for (let index = 0; index < into.length; index++) {
    const { at, rest } = queue.pop()!;
    into[index] = at;
    if (rest.length > 0) queue.push(headOf(rest));
  }
}
