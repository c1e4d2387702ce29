import { json, type Answer } from './answer.ts';
import { encodeGoJson, type WireObject } from './go-json.ts';
import type { NaraMemory } from './nara-memory.ts';

/** Of which machine's memory each capacity is the usual one. */
const MEMORY_MODES: ReadonlyMap<number, string> = new Map([
  [20_000, 'short'],
  [80_000, 'medium'],
  [320_000, 'hog'],
]);

/**
 * The answer to `GET /narae.json`: the neighbours, and last the nara itself. Of other naras it says less than a real one.
 * Source: specification, "What a nara does to history" (the web port).
 */
export function answerNarae(
  self: { name: string; naraId: string; capacity: number },
  { ledger, neighbourhood, lastRestart }: NaraMemory,
): Answer {
  const neighbours = neighbourhood.all.map(({ name, isOnline, startTime, lastSeen }): WireObject => ({
    ID: '',
    LastRestart: 0,
    LastSeen: lastSeen ?? 0,
    MemoryMaxEvents: 0,
    MemoryMode: '',
    Name: name,
    Online: isOnline === true ? 'ONLINE' : '',
    StartTime: startTime ?? 0,
    event_store_by_service: null,
    event_store_total: 0,
  }));
  const own = {
    ID: self.naraId,
    LastRestart: lastRestart,
    MemoryMaxEvents: self.capacity,
    MemoryMode: MEMORY_MODES.get(self.capacity) ?? 'custom',
    Name: self.name,
    Online: 'ONLINE',
    event_store_by_service: countServices(ledger.events.map(({ svc }) => svc)),
    event_store_total: ledger.events.length,
  };
  return json(`${encodeGoJson({ naras: [...neighbours, own], server: self.name })}\n`);
}

/** By name, as Go writes its maps. */
function countServices(services: readonly string[]): WireObject {
  const counts = new Map<string, number>();
  for (const svc of services) counts.set(svc, (counts.get(svc) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
