import { expect, it } from 'vitest';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { restoreLines, startAlice } from './restoring.ts';
import { startDoor, type Doing } from './trouble-door.ts';
import { idsOf, linesOf, seenEvents } from './trouble-events.ts';

const TENS = { batch: { maxEvents: 10, maxBytes: 1_000_000 } };
const EVENTS = seenEvents(30);
const LINES = linesOf(EVENTS);

function naraList(fields: Record<string, unknown>, others: unknown[] = []): Doing {
  const own = { Name: 'alice', LastRestart: 1000, Online: true, MemoryMaxEvents: 80_000, ...fields };
  return { status: 200, body: JSON.stringify({ server: 'alice', naras: [own, ...others] }) };
}

it('a target that starts anew in the middle is waited for, looked at again, and given all', async () => {
  const before = await startAlice();
  const after = await startAlice();
  const nowS = Math.floor(Date.now() / 1000);
  const settled: number[] = [];
  let isAnew = false;
  const door = await startDoor(before, ({ path, isImport }, imports) => {
    if (isImport && imports === 2) {
      isAnew = true;
      return 'reset';
    }
    if (path === '/narae.json') return naraList({ LastRestart: isAnew ? nowS : nowS - 9999 });
    return isAnew ? after : undefined;
  });
  const observer = { settling: (leftMs: number) => void settled.push(leftMs) };
  const summary = await restoreLines(door, LINES, { ...TENS, observer, settleMs: 1200 });
  expect(settled.length).toBeGreaterThan(0);
  expect(idsOf(after.ledger)).toEqual(idsOf(EVENTS));
  expect(idsOf(before.ledger).length).toBe(10);
  expect(judgeRestore(summary)).toBeUndefined();
});

it('a target that starts anew again and again is left', async () => {
  const nara = await startAlice();
  let startedS = 1000;
  const door = await startDoor(nara, ({ path, isImport }) => {
    if (path === '/narae.json') return naraList({ LastRestart: startedS });
    if (!isImport) return undefined;
    startedS++;
    return 'reset';
  });
  const error = judgeRestore(await restoreLines(door, LINES, TENS));
  expect(error).toMatchObject({ code: 'TARGET_RESTARTED', exitStatus: 3 });
});

it('who is online is asked again when the target has settled', async () => {
  const nara = await startAlice();
  const nowS = Math.floor(Date.now() / 1000);
  let asked = 0;
  const door = await startDoor(nara, ({ path }) => {
    if (path !== '/narae.json') return undefined;
    const others = ['bob', 'carol', 'dave'].map((Name) => ({ Name, Online: asked > 0 }));
    asked++;
    return naraList({ LastRestart: nowS }, others);
  });
  const events = seenEvents(5);
  const summary = await restoreLines(door, linesOf(events), { settleMs: 1100 });
  expect(summary.stay).toEqual({});
  expect(asked).toBe(2);
});

it.each([
  ['504 while the server is still at work', { status: 504 }],
  ['502', { status: 502 }],
] as const)('%s: nothing is sent twice', async (_name, doing) => {
  const nara = await startAlice({ faults: [parseFault('slow-import:20')] });
  const bodies: string[] = [];
  const door = await startDoor(nara, ({ isImport, body }, imports) => {
    if (!isImport) return undefined;
    bodies.push(body);
    if (imports > 1) return undefined;
    // What the gateway gave up on goes on behind it.
    void fetch(`${nara.url}/api/events/import`, { method: 'POST', body }).catch(() => undefined);
    return doing;
  });
  const summary = await restoreLines(door, LINES, { quietMs: 1500 });
  expect(bodies.length).toBe(1);
  expect(summary.sent).toMatchObject({ foundUnanswered: 30, requests: 1 });
  expect(judgeRestore(summary)).toBeUndefined();
});

it('an answer whose numbers do not add up is no answer', async () => {
  const nara = await startAlice();
  const liar = { success: true, imported: 0, duplicates: 0 };
  const door = await startDoor(nara, ({ isImport }, imports) =>
    isImport && imports === 1 ? { status: 200, body: JSON.stringify(liar) } : undefined,
  );
  const summary = await restoreLines(door, LINES, { confirm: false });
  expect(idsOf(nara.ledger)).toEqual(idsOf(EVENTS));
  expect(judgeRestore(summary)).toBeUndefined();
});

it('without a look afterwards what was not imported is not said to be there', async () => {
  const door = await startDoor(await startAlice(), ({ isImport }) =>
    isImport
      ? { status: 200, body: JSON.stringify({ success: true, imported: 0, duplicates: 30 }) }
      : undefined,
  );
  const summary = await restoreLines(door, LINES, { confirm: false });
  expect(judgeRestore(summary)).toMatchObject({ code: 'NOT_RESTORED', exitStatus: 3 });
});

it('a page that refuses a batch for what is in it, as some proxies do, costs only that event', async () => {
  const nara = await startAlice();
  const [bad] = EVENTS;
  const door = await startDoor(nara, ({ isImport, body }) =>
    isImport && body.includes(bad!.id) ? { status: 403, body: '<html>Forbidden</html>' } : undefined,
  );
  const summary = await restoreLines(door, LINES);
  expect(summary.sent.rejects.map(({ id }) => id)).toEqual([bad!.id]);
  expect(nara.ledger.length).toBe(29);
});

it('a look-up that fails for now is tried again, and a busy probe is no end', async () => {
  const nara = await startAlice({ faults: [parseFault('lost-answer:1')] });
  let looks = 0;
  let probes = 0;
  const door = await startDoor(nara, ({ path, isImport, body }, imports) => {
    if (imports === 0) return undefined;
    if (path === '/events/sync' && looks++ < 9) return { status: 503 };
    const isProbe = path === '/api/events/import' && !isImport && body !== '';
    return isProbe && probes++ === 0 ? { status: 429 } : undefined;
  });
  const summary = await restoreLines(door, LINES);
  expect(summary.sent).toMatchObject({ foundUnanswered: 30, requests: 1 });
  expect(judgeRestore(summary)).toBeUndefined();
}, 60_000);

it('a server that is busy at first is asked again', async () => {
  const nara = await startAlice();
  let asked = 0;
  const door = await startDoor(nara, ({ path }) =>
    path === '/api/events/import' && asked++ === 0 ? { status: 503 } : undefined,
  );
  expect(judgeRestore(await restoreLines(door, LINES))).toBeUndefined();
});

it('what /narae.json does not tell, or tells wrongly, is not known; the rest is', async () => {
  const nara = await startAlice();
  const others = [null, { Name: 5 }, { Name: 'bob', Online: null }, { Name: 'carol', Online: 'ONLINE' }];
  const door = await startDoor(nara, ({ path }) =>
    path === '/narae.json' ? naraList({ LastRestart: -5, MemoryMaxEvents: 'many' }, others) : undefined,
  );
  const met: unknown[] = [];
  const observer = { met: (facts: unknown) => void met.push(facts) };
  await restoreLines(door, LINES, { observer });
  expect(met).toEqual([
    {
      name: 'alice',
      startedS: undefined,
      ageMs: undefined,
      capacity: undefined,
      online: new Set(['alice', 'carol']),
      offline: new Set(['bob']),
    },
  ]);
});

it.each([{ status: 502 }, { status: 200, body: '<html>' }, { status: 200, body: '{"total":-1}' }])(
  'a count that cannot be had (%j) is none',
  async (doing) => {
    const nara = await startAlice();
    const door = await startDoor(nara, ({ path }) => (path.startsWith('/api/inspector') ? doing : undefined));
    const summary = await restoreLines(door, LINES);
    expect(summary.total).toBeUndefined();
    expect(judgeRestore(summary)).toBeUndefined();
  },
);
