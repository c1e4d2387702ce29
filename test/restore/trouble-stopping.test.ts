import { expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { restoreLines, startAlice } from './restoring.ts';
import { startDoor } from './trouble-door.ts';
import { idsOf, importedIds, linesOf, statusEvents, seenEvents, timesSent } from './trouble-events.ts';

const TENS = { batch: { maxEvents: 10, maxBytes: 1_000_000 } };
const STOP = new MeshBackupError('INTERRUPTED', 'stopped');

it('time is over while a batch is under way: it ends, and the same again completes', async () => {
  const nara = await startAlice({ faults: [parseFault('no-answer:2')] });
  const events = statusEvents(20);
  const summary = await restoreLines(nara, linesOf(events), {
    ...TENS,
    timeoutMs: 700,
    requestTimeoutMs: 600_000,
  });
  expect(summary.trouble).toMatchObject({ code: 'RESTORE_TIMEOUT', retryable: true });
  expect(summary.sent).toMatchObject({ delivered: 10, requests: 2 });
  expect(judgeRestore(summary)).toMatchObject({
    code: 'RESTORE_TIMEOUT',
    exitStatus: 3,
    message: expect.stringContaining('10 of 20 events were sent') as string,
  });

  const again = await restoreLines(nara, linesOf(events), TENS);
  expect(again).toMatchObject({ stay: { there: 20 }, sent: { requests: 0 } });
  expect(timesSent(nara, events)).toEqual(events.map(() => 1));
  expect(nara.lost).toEqual([]);
});

it('time is over while nobody answers: it ends, and the same again completes', async () => {
  const nara = await startAlice();
  const events = seenEvents(30);
  let isAway = false;
  const door = await startDoor(nara, (_request, imports) => {
    isAway ||= imports === 2;
    return isAway ? 'reset' : undefined;
  });
  const summary = await restoreLines(door, linesOf(events), { ...TENS, timeoutMs: 900 });
  expect(summary.trouble?.code).toBe('RESTORE_TIMEOUT');
  expect(summary.sent).toMatchObject({ delivered: 10, rejects: [] });
  const again = await restoreLines(nara, linesOf(events), TENS);
  expect(again).toMatchObject({ stay: { there: 10 }, sent: { imported: 20 } });
  expect(idsOf(nara.ledger)).toEqual(idsOf(events));
});

it('time is over before anything was sent: it is thrown', async () => {
  const nara = await startAlice({ faults: [parseFault('hang')] });
  await expect(restoreLines(nara, linesOf(seenEvents(3)), { timeoutMs: 400 })).rejects.toMatchObject({
    code: 'RESTORE_TIMEOUT',
  });
  expect(importedIds(nara.requests)).toEqual([]);
});

it('stopped while a batch is under way: it is waited for, nothing follows, and the same again completes', async () => {
  const nara = await startAlice();
  const events = statusEvents(20);
  const stopping = new AbortController();
  const door = await startDoor(nara, ({ isImport }, imports) => {
    if (isImport && imports === 1) stopping.abort(STOP);
    return undefined;
  });
  const summary = await restoreLines(door, linesOf(events), { ...TENS, signal: stopping.signal });
  expect(nara.ledger).toHaveLength(10);
  expect(importedIds(door.requests)).toHaveLength(1);
  expect(summary).toMatchObject({ trouble: STOP, confirmed: undefined });
  expect(summary.sent).toMatchObject({ delivered: 10, imported: 10 });
  expect(judgeRestore(summary)).toMatchObject({ code: 'INTERRUPTED', exitStatus: 130 });

  const again = await restoreLines(nara, linesOf(events), TENS);
  expect(again).toMatchObject({ stay: { there: 10 }, sent: { imported: 10, duplicates: 0 } });
  expect(timesSent(nara, events)).toEqual(events.map(() => 1));
  expect(nara.lost).toEqual([]);
});

it('stopped while nobody answers: it ends at once, and nothing more is asked', async () => {
  const nara = await startAlice();
  const stopping = new AbortController();
  let isAway = false;
  let probes = 0;
  const door = await startDoor(nara, (_request, imports) => {
    isAway ||= imports === 2;
    if (isAway && ++probes === 3) stopping.abort(STOP);
    return isAway ? 'reset' : undefined;
  });
  const summary = await restoreLines(door, linesOf(seenEvents(30)), { ...TENS, signal: stopping.signal });
  expect(summary).toMatchObject({ trouble: STOP, sent: { delivered: 10 } });
  expect(probes).toBe(3);
});

it('stopped while a batch is halved: the half under way is the last', async () => {
  const nara = await startAlice();
  const events = seenEvents(16);
  const stopping = new AbortController();
  const door = await startDoor(nara, ({ isImport, body }, imports) => {
    if (isImport && imports === 2) stopping.abort(STOP);
    return isImport && imports === 1 && body.includes(events[15]!.id) ? { status: 413 } : undefined;
  });
  const summary = await restoreLines(door, linesOf(events), { signal: stopping.signal });
  expect(summary).toMatchObject({ trouble: STOP, sent: { delivered: 8, requests: 2 } });
  expect(idsOf(nara.ledger)).toEqual(idsOf(events.slice(0, 8)));
});

it.each(['lookedAt', 'planned'] as const)(
  'stopped before anything is sent (%s): nothing is sent',
  async (when) => {
    const nara = await startAlice({ events: seenEvents(5) });
    const stopping = new AbortController();
    const stop = (): void => {
      stopping.abort(STOP);
    };
    const options = { signal: stopping.signal, observer: { [when]: stop } };
    const run = restoreLines(nara, linesOf(seenEvents(9)), options).then(judgeRestore);
    await expect(run.then((error) => Promise.reject(error!))).rejects.toMatchObject({
      code: 'INTERRUPTED',
      exitStatus: 130,
    });
    expect(importedIds(nara.requests)).toEqual([]);
  },
);

it('stopped during the last batch: all is there, and the status says that it was stopped', async () => {
  const nara = await startAlice();
  const stopping = new AbortController();
  const door = await startDoor(nara, ({ isImport }) => {
    if (isImport) stopping.abort(STOP);
    return undefined;
  });
  const summary = await restoreLines(door, linesOf(seenEvents(9)), { signal: stopping.signal });
  expect(nara.ledger).toHaveLength(9);
  expect(judgeRestore(summary)).toMatchObject({
    exitStatus: 130,
    message: expect.stringContaining('9 of 9 events were sent') as string,
  });
});

it('what is no trouble of the line is thrown, not reported', async () => {
  const nara = await startAlice();
  const observer = {
    batch: (): void => {
      throw new RangeError('a mistake');
    },
  };
  await expect(restoreLines(nara, linesOf(seenEvents(3)), { observer })).rejects.toThrow(RangeError);
  expect(nara.ledger).toEqual([]);
});
