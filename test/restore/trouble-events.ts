import { makeEvent } from '../../src/sandbox/event-maker.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import type { DoorRequest } from './trouble-door.ts';

const START_NS = 1_767_225_600_000_000_000n;
const SECOND_NS = 1_000_000_000n;

/** Events that no limit of a ledger touches, a second apart. `length`: of a text in each. */
export function seenEvents(count: number, length = 4): SandboxEvent[] {
  return Array.from({ length: count }, (_, at) => {
    const payload = { observer: 'bob', subject: 'carol', via: `${at}`.padStart(length, 'x') };
    return makeEvent({ tsNs: START_NS + BigInt(at) * SECOND_NS, svc: 'seen', payload });
  });
}

/** Observations of one pair, a second apart: 20 of them fill it, and then the same one again costs the oldest its place. */
export function statusEvents(count: number, from = 0): SandboxEvent[] {
  return Array.from({ length: count }, (_, at) => {
    const payload = {
      observer: 'bob',
      subject: 'carol',
      type: 'status-change',
      importance: 2,
      online_state: 'ONLINE',
    };
    return makeEvent({ tsNs: START_NS + BigInt(from + at) * SECOND_NS, svc: 'observation', payload });
  });
}

export const linesOf = (events: readonly SandboxEvent[]): string[] => events.map(({ line }) => line);
export const idsOf = (events: readonly SandboxEvent[]): string[] => events.map(({ id }) => id);

/** The IDs in the bodies of imports, body by body. */
export function importedIds(requests: readonly Pick<DoorRequest, 'path' | 'body'>[]): string[][] {
  return requests
    .filter(({ path, body }) => path === '/api/events/import' && !body.startsWith('{"events":[]'))
    .map(({ body }) => [...body.matchAll(/"id":"([^"]*)"/g)].map((match) => match[1]!));
}

/** How often each event was in an import that arrived at the nara whole, answered or not. */
export function timesSent(
  { requests }: Pick<SandboxNara, 'requests'>,
  events: readonly SandboxEvent[],
): number[] {
  const sent = importedIds(requests).flat();
  return idsOf(events).map((id) => sent.filter((other) => other === id).length);
}
