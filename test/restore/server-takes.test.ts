import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serverTakes } from '../../src/restore/server-takes.ts';
import type { WireObject } from '../../src/sandbox/go-json.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { holdEvent } from '../../src/sandbox/held-event.ts';
import { isTaken } from '../../src/sandbox/taken.ts';
import { viewOf } from '../merge/events.ts';

const name = fc.constantFrom('', 'ann', 'r2d2');
const int = fc.constantFrom(-1, 0, 1, 2, 3, 4, 1_768_774_453, 1_768_774_454);
const texts = fc.array(fc.constant('x'), { maxLength: 2 });
const payloads: Record<string, fc.Arbitrary<WireObject>> = {
  social: fc.record({
    type: fc.constantFrom('', 'tease', 'observed', 'gossip', 'observation', 'service', 'Tease'),
    actor: name,
    target: name,
  }),
  ping: fc.record({ observer: name, target: name, rtt: fc.constantFrom(-1, 0, 0.1, 5) }),
  observation: fc.record({
    observer: name,
    subject: name,
    type: fc.constantFrom('', 'restart', 'first-seen', 'status-change', 'else'),
    importance: int,
    start_time: int,
    restart_num: int,
    online_state: fc.constantFrom('', 'ONLINE', 'OFFLINE', 'MISSING', 'online'),
  }),
  seen: fc.record({ observer: name, subject: name, via: fc.constantFrom('', 'mesh') }),
  'hey-there': fc.record({ From: name, PublicKey: fc.constantFrom('', 'key') }),
  chau: fc.record({ From: name, PublicKey: fc.constantFrom('', 'key') }),
  checkpoint: fc.record({
    subject: name,
    as_of_time: int,
    observation: fc.record({ restarts: int, total_uptime: int, start_time: int }),
    voter_ids: texts,
    signatures: texts,
  }),
};
const events = fc
  .constantFrom(...Object.keys(payloads))
  .chain((svc) =>
    fc.record({ svc: fc.constant(svc), payload: payloads[svc]!, tsNs: fc.constantFrom(0n, 1n, -1n, 9n) }),
  )
  .map((parts) => makeEvent(parts));

test('what we hold to be taken is what a server takes', () => {
  const seen = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(events, (event) => {
      const isOurs = serverTakes(viewOf(event.line));
      expect(isOurs).toBe(isTaken(holdEvent(event)));
      seen[isOurs ? 'taken' : 'refused']++;
    }),
    { numRuns: 20_000 },
  );
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
});
