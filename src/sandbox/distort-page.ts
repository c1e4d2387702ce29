import { makeEvent } from './event-maker.ts';
import type { Fault, FaultKind } from './faults.ts';
import type { Selection } from './ledger.ts';
import { Prng } from './prng.ts';
import type { SandboxEvent } from './sandbox-event.ts';
import type { SyncRequest } from './sync-request.ts';

const HOUR_NS = 3_600_000_000_000n;
const MILLISECOND_NS = 1_000_000n;
const FAR_FUTURE_NS = 9_200_000_000_000_000_000n;
const START_NS = 1_767_225_600_000_000_000n;

/** What a lying server makes of a page. */
export function distortPage(
  selection: Selection,
  request: SyncRequest,
  fault: (kind: FaultKind) => Fault | undefined,
): Selection {
  if (request.mode !== 'page') return selection;
  let { events, nextCursor } = fault('endless') ? inventPage(request) : selection;
  const [first] = events;
  if (fault('disorder')) events = new Prng(`disorder ${nextCursor ?? ''}`).sample(events, events.length);
  if (fault('future') && first !== undefined) events = [...events, invent(FAR_FUTURE_NS)];
  // As a server's code would take it: from the event that stands last.
  if (nextCursor !== undefined) nextCursor = String(events.at(-1)!.tsNs);
  if (fault('back-cursor') && first !== undefined) nextCursor = String(first.tsNs - HOUR_NS);
  return nextCursor === undefined ? { events } : { events, nextCursor };
}

function inventPage({ cursor, pageSize }: SyncRequest): Selection {
  const afterNs = /^\d+$/.test(cursor) && BigInt(cursor) > START_NS ? BigInt(cursor) : START_NS;
  const events = Array.from({ length: Number(pageSize) }, (_, at) =>
    invent(afterNs + BigInt(at + 1) * MILLISECOND_NS),
  );
  return { events, nextCursor: '' };
}

function invent(tsNs: bigint): SandboxEvent {
  return makeEvent({ tsNs, svc: 'seen', payload: { observer: 'nobody', subject: 'nobody', via: 'nowhere' } });
}
