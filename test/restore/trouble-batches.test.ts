import { expect, it } from 'vitest';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { restoreLines, startAlice } from './restoring.ts';
import { startDoor } from './trouble-door.ts';
import { idsOf, importedIds, linesOf, seenEvents, statusEvents, timesSent } from './trouble-events.ts';

const TENS = { batch: { maxEvents: 10, maxBytes: 1_000_000 } };
const once = (count: number): number[] => Array.from({ length: count }, () => 1);

it('what is too large for a proxy is halved, and one event that is too large alone is set aside', async () => {
  const nara = await startAlice({ faults: [parseFault('body-limit:3000')] });
  const events = seenEvents(1000);
  const [huge] = seenEvents(1, 4000);
  const batch = { maxEvents: 100, maxBytes: 1_000_000 };
  const summary = await restoreLines(nara, linesOf([...events, huge!]), { batch });
  expect(idsOf(nara.ledger)).toEqual(idsOf(events));
  expect(nara.lost).toEqual([]);
  expect(summary.sent).toMatchObject({ delivered: 1000, imported: 1000, rejects: [{ id: huge!.id }] });
  expect(summary.sent.rejects[0]?.reason).toContain('413');
  expect(summary.confirmed).toMatchObject({ there: 1000, missing: new Map() });
  expect(judgeRestore(summary)).toMatchObject({ code: 'NOT_RESTORED', exitStatus: 3 });

  // Once it is known how much is too much, no more than that is tried.
  const refused = nara.requests.filter(({ status }) => status === 413);
  expect(refused.length).toBeLessThan(20);
  expect(importedIds(nara.requests).length).toBeLessThan(150);
});

it.each([2, 3])(
  'a nara that fails each import number %i, in three ways, gets all, and loses nothing',
  async (n) => {
    const nara = await startAlice({ faults: [parseFault(`busy:${n}`)] });
    const events = seenEvents(70);
    const troubles: string[] = [];
    const observer = { trouble: ({ message }: Error): void => void troubles.push(message) };
    const summary = await restoreLines(nara, linesOf(events), {
      batch: { ...TENS.batch, maxEvents: 3 },
      observer,
    });
    expect(idsOf(nara.ledger)).toEqual(idsOf(events));
    expect(summary.sent).toMatchObject({ delivered: 70, imported: 70, duplicates: 0, rejects: [] });
    expect(troubles).toEqual(expect.arrayContaining(['HTTP 503', 'HTTP 429']));
    expect(judgeRestore(summary)).toBeUndefined();
  },
);

it.each([500, 502, 504])('HTTP %i is waited out', async (status) => {
  const nara = await startAlice();
  const events = seenEvents(30);
  const door = await startDoor(nara, ({ isImport }, imports) =>
    isImport && imports === 2 ? { status } : undefined,
  );
  const summary = await restoreLines(door, linesOf(events), TENS);
  expect(timesSent(nara, events)).toEqual(once(30));
  expect(summary.sent).toMatchObject({ delivered: 30, imported: 30, rejects: [], requests: 4 });
});

it('a connection that breaks before anything was stored: the same goes again, once', async () => {
  const nara = await startAlice({ faults: [parseFault('drop:2')] });
  const events = statusEvents(20);
  const summary = await restoreLines(nara, linesOf(events), TENS);
  expect(idsOf(nara.ledger)).toEqual(idsOf(events));
  expect(nara.lost).toEqual([]);
  expect(summary.sent).toMatchObject({ requests: 3, imported: 20, duplicates: 0, foundUnanswered: 0 });
});

it.each([
  ['lost-answer:2', 'breaks'],
  ['no-answer:2', 'falls silent'],
])('%s: a connection that %s once all was stored: nothing is sent twice', async (fault) => {
  const nara = await startAlice({ faults: [parseFault(fault)] });
  const events = statusEvents(20);
  const summary = await restoreLines(nara, linesOf(events), { ...TENS, requestTimeoutMs: 400 });
  expect(timesSent(nara, events)).toEqual(once(20));
  expect(nara.lost).toEqual([]);
  expect(summary.sent).toMatchObject({ delivered: 20, imported: 10, foundUnanswered: 10, rejects: [] });
  expect(judgeRestore(summary)).toBeUndefined();
});

it('what a nara stored only in part before the connection broke: the rest goes, and nothing else', async () => {
  const nara = await startAlice();
  const events = statusEvents(20);
  const door = await startDoor(nara, async ({ isImport }, imports) => {
    if (!isImport || imports > 1) return undefined;
    await restoreLines(nara, linesOf(events.slice(0, 7)));
    return 'reset';
  });
  const summary = await restoreLines(door, linesOf(events), { requestTimeoutMs: 5000 });
  expect(summary.sent).toMatchObject({ requests: 2, delivered: 20, imported: 13, foundUnanswered: 7 });
  expect(timesSent(nara, events)).toEqual(once(20));
  expect(nara.lost).toEqual([]);
});

it('blind, an unanswered batch goes again whole: there is nobody who could tell', async () => {
  const nara = await startAlice({ faults: [parseFault('lost-answer:1')] });
  const events = seenEvents(10);
  const summary = await restoreLines(nara, linesOf(events), { blind: true });
  expect(timesSent(nara, events)).toEqual(once(10).map(() => 2));
  expect(summary.sent).toMatchObject({ delivered: 10, imported: 0, duplicates: 10, foundUnanswered: 0 });
  expect(summary.confirmed).toMatchObject({ there: 10 });
});

it('a server that is not there for a while is waited for, and asked for nothing but whether it is back', async () => {
  const nara = await startAlice();
  const events = seenEvents(30);
  let away = 0;
  const door = await startDoor(nara, ({ isImport }, imports) => {
    if (isImport && imports === 2) away = 4;
    return away-- > 0 ? 'reset' : undefined;
  });
  const summary = await restoreLines(door, linesOf(events), TENS);
  expect(timesSent(nara, events)).toEqual(once(30));
  expect(summary.sent).toMatchObject({ delivered: 30, rejects: [], requests: 4 });
  expect(importedIds(door.requests).map(({ length }) => length)).toEqual([10, 10, 10, 10]);
});

it('a server that has no time for events, though it answers, is asked less and less often', async () => {
  const nara = await startAlice();
  const door = await startDoor(nara, ({ isImport }) => (isImport ? { status: 429 } : undefined));
  const summary = await restoreLines(door, linesOf(seenEvents(5)), { timeoutMs: 1500 });
  expect(summary.trouble?.code).toBe('RESTORE_TIMEOUT');
  expect(summary.sent.requests).toBeLessThan(6);
});

it('an event that a busy server turns away again and again is not held to be poison', async () => {
  const nara = await startAlice();
  const events = seenEvents(1);
  const door = await startDoor(nara, ({ isImport }, imports) =>
    isImport && imports <= 3 ? { status: 503 } : undefined,
  );
  const summary = await restoreLines(door, linesOf(events));
  expect(summary.sent).toMatchObject({ delivered: 1, rejects: [], requests: 4 });
});
