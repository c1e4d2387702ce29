import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { HOSTILE_KINDS, makeHostileEvent } from '../../src/sandbox/hostile-events.ts';
import { restoreLines, startAlice } from './restoring.ts';
import { startDoor } from './trouble-door.ts';
import { idsOf, importedIds, linesOf, seenEvents, statusEvents, timesSent } from './trouble-events.ts';

const EVENTS = seenEvents(30);
const LINES = linesOf(EVENTS);
const TENS = { batch: { maxEvents: 10, maxBytes: 1_000_000 } };

it.each([
  'no-sync',
  'unsigned',
  'bad-signature',
  'wrong-key',
  'malformed',
  'status:403',
  'status:401',
  'gzip',
])('%s: a ledger that cannot be read: nothing is sent, unless blind', async (fault) => {
  const nara = await startAlice({ faults: [parseFault(fault)], events: statusEvents(20) });
  await expect(restoreLines(nara, LINES)).rejects.toMatchObject({
    code: 'TARGET_UNREADABLE',
    exitStatus: 1,
    hint: expect.stringContaining('--blind') as string,
  });
  expect(importedIds(nara.requests)).toEqual([]);

  const summary = await restoreLines(nara, LINES, { blind: true });
  expect(nara.ledger).toHaveLength(50);
  expect(summary).toMatchObject({ sent: { delivered: 30, imported: 30 }, confirmed: undefined });
  expect(summary.target.held).toBeUndefined();
  expect(summary.trouble?.code).toBe('TARGET_UNREADABLE');
  expect(judgeRestore(summary)).toMatchObject({
    code: 'NOT_RESTORED',
    message: expect.stringContaining('could not be read back') as string,
  });
});

it('a ledger whose nara does not tell its name cannot be read, unless somebody else tells it', async () => {
  const nara = await startAlice({ door: 'mesh', faults: [parseFault('no-ping')] });
  await expect(restoreLines(nara, LINES)).rejects.toMatchObject({
    code: 'TARGET_UNREADABLE',
    hint: expect.stringContaining('--name') as string,
  });
  expect(importedIds(nara.requests)).toEqual([]);
  await restoreLines(nara, LINES, { name: 'alice' });
  expect(idsOf(nara.ledger)).toEqual(idsOf(EVENTS));
});

it('what the target holds is saved first, without what would make lines of it that are none', async () => {
  const held = seenEvents(3);
  const broken = makeHostileEvent(held[1]!, HOSTILE_KINDS.indexOf('line break inside'));
  const nara = await startAlice({ events: [...held, { ...broken, id: 'f'.repeat(32) }] });
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const preRestore = join(folder, 'before.jsonl');
  await restoreLines(nara, LINES, { preRestore });
  expect((await readFile(preRestore, 'utf8')).split('\n')).toEqual([...linesOf(held), '']);
});

it('a ledger that can be read only in part: nothing is sent', async () => {
  const events = seenEvents(5500);
  const nara = await startAlice({ faults: [parseFault('cut:2')], events: events.slice(0, 5400) });
  await expect(restoreLines(nara, linesOf(events))).rejects.toMatchObject({ code: 'TARGET_UNREADABLE' });
  expect(importedIds(nara.requests)).toEqual([]);
  expect(nara.requests.filter(({ path }) => path === '/events/sync').length).toBeGreaterThan(1);
});

it('blind and without a look afterwards, nothing is read at all', async () => {
  const nara = await startAlice({ faults: [parseFault('no-sync')] });
  const summary = await restoreLines(nara, LINES, { blind: true, confirm: false });
  expect(nara.requests.filter(({ path }) => path === '/events/sync')).toEqual([]);
  expect(judgeRestore(summary)).toBeUndefined();
});

it('a ledger that cannot be read back after an unanswered batch: nothing is sent again', async () => {
  const nara = await startAlice({ faults: [parseFault('lost-answer:2')] });
  const events = statusEvents(20);
  const door = await startDoor(nara, ({ path }, imports) =>
    path === '/events/sync' && imports > 0 ? { status: 404 } : undefined,
  );
  const summary = await restoreLines(door, linesOf(events), TENS);
  expect(summary.trouble?.code).toBe('TARGET_UNREADABLE');
  expect(summary.sent).toMatchObject({ delivered: 10, foundUnanswered: 0, requests: 2 });
  expect(timesSent(nara, events)).toEqual(events.map(() => 1));
  expect(judgeRestore(summary)).toMatchObject({ code: 'NOT_RESTORED', exitStatus: 3 });

  const again = await restoreLines(nara, linesOf(events), TENS);
  expect(again).toMatchObject({ stay: { there: 20 }, toGo: { events: 0 } });
  expect(judgeRestore(again)).toBeUndefined();
});

it('a ledger that cannot be read back at the end: all went, and that it arrived is not known', async () => {
  const nara = await startAlice();
  const door = await startDoor(nara, ({ path }, imports) =>
    path === '/events/sync' && imports > 0 ? { status: 404 } : undefined,
  );
  const summary = await restoreLines(door, LINES);
  expect(idsOf(nara.ledger)).toEqual(idsOf(EVENTS));
  expect(summary).toMatchObject({ sent: { delivered: 30 }, confirmed: undefined });
  expect(judgeRestore(summary)).toMatchObject({ code: 'NOT_RESTORED', exitStatus: 3 });
});

it('a hiccup of the reading is no failure of it', async () => {
  const nara = await startAlice({ events: seenEvents(30) });
  let hiccups = 2;
  const door = await startDoor(nara, ({ path }) =>
    path === '/events/sync' && hiccups-- > 0 ? { status: 503 } : undefined,
  );
  const summary = await restoreLines(door, linesOf(seenEvents(40)));
  expect(summary).toMatchObject({ stay: { there: 30 }, sent: { imported: 10 } });
});

it.each([
  ['a web page', async () => startAlice({ faults: [parseFault('html')] })],
  ['a web port that takes no imports', async () => startAlice({ serveUi: false })],
  ['HTTP 404', async () => startDoor(await startAlice(), () => ({ status: 404 }))],
  ['HTTP 405', async () => startDoor(await startAlice(), () => ({ status: 405 }))],
  ['another JSON', async () => startDoor(await startAlice(), () => ({ status: 200, body: '{"ok":true}' }))],
])('%s is no nara', async (_what, start) => {
  const server = await start();
  await expect(restoreLines(server, LINES)).rejects.toMatchObject({
    code: 'TARGET_NO_NARA',
    exitStatus: 14,
    hint: expect.stringContaining('-serve-ui') as string,
  });
  expect(importedIds(server.requests)).toEqual([]);
});

it.each([
  [429, 'TARGET_BUSY'],
  [503, 'TARGET_BUSY'],
  ['reset', 'PEER_CUT'],
  ['silence', 'PEER_SILENT'],
] as const)(
  'a server that says %s from the start is named for it, and nothing is sent',
  async (what, code) => {
    const door = await startDoor(await startAlice(), () =>
      typeof what === 'number' ? { status: what } : what,
    );
    await expect(restoreLines(door, LINES, { requestTimeoutMs: 300 })).rejects.toMatchObject({ code });
    expect(importedIds(door.requests)).toEqual([]);
  },
);
