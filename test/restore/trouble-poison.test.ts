import { expect, it } from 'vitest';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { recordList } from '../dump/dump-mesh.ts';
import { restoreLines, startAlice } from './restoring.ts';
import { SIGNATURE_REFUSED, startDoor, type Doing } from './trouble-door.ts';
import { idsOf, importedIds, linesOf, seenEvents, statusEvents, timesSent } from './trouble-events.ts';

const MANNERS: readonly [string, Doing, number][] = [
  ['the connection dies of', 'reset', 40],
  ['the server refuses the signature of', SIGNATURE_REFUSED, 32],
  ['the server cannot parse', { status: 400, body: notImported('Invalid JSON') }, 32],
  ['the server has an error over', { status: 500 }, 40],
];

it.each(MANNERS)('a batch that %s: down to the event, which is set aside', async (_manner, doing, most) => {
  const nara = await startAlice();
  const events = seenEvents(256);
  const poison = [events[77]!.id, events[200]!.id];
  const door = await startDoor(nara, ({ isImport, body }) =>
    isImport && poison.some((id) => body.includes(id)) ? doing : undefined,
  );
  let synced = 0;
  const records = recordList();
  const sync = (): Promise<void> => Promise.resolve(void (synced = records.records.length));
  const rejects = { ...records, sync };
  const told: string[] = [];
  const observer = { rejected: (id: string): void => void told.push(id) };
  const summary = await restoreLines(door, linesOf(events), { rejects, observer });

  const others = events.filter(({ id }) => !poison.includes(id));
  expect(idsOf(nara.ledger)).toEqual(idsOf(others));
  expect(summary.sent).toMatchObject({ delivered: 254, imported: 254, duplicates: 0 });
  expect(summary.sent.rejects.map(({ id }) => id)).toEqual(poison);
  expect(told).toEqual(poison);
  expect(synced).toBe(2);
  expect(rejects.records).toMatchObject(poison.map((id) => ({ class: 'reject', id })));
  const lines = rejects.records.map(({ bytes }) => Buffer.from(bytes as string, 'base64').toString());
  expect(lines).toEqual([events[77]!.line, events[200]!.line]);
  expect(timesSent(nara, others)).toEqual(others.map(() => 1));
  expect(importedIds(door.requests).length).toBeLessThanOrEqual(most);
  expect(summary.confirmed).toMatchObject({ there: 254, missing: new Map() });
  expect(judgeRestore(summary)).toMatchObject({ code: 'NOT_RESTORED', exitStatus: 3 });
});

it('an event on which the server falls silent is found, too', async () => {
  const nara = await startAlice();
  const events = seenEvents(8);
  const door = await startDoor(nara, ({ isImport, body }) =>
    isImport && body.includes(events[5]!.id) ? 'silence' : undefined,
  );
  const summary = await restoreLines(door, linesOf(events), { requestTimeoutMs: 150 });
  expect(summary.sent.rejects).toMatchObject([{ id: events[5]!.id }]);
  expect(summary.sent.rejects[0]?.reason).toContain('no answer within 0.15 s');
  expect(nara.ledger).toHaveLength(7);
});

it('no good event is set aside because a batch fails now and then', async () => {
  const nara = await startAlice();
  const events = seenEvents(64);
  const door = await startDoor(nara, ({ isImport, body }, imports) =>
    isImport && (imports % 2 === 0 || body.includes(events[9]!.id)) ? 'reset' : undefined,
  );
  const summary = await restoreLines(door, linesOf(events));
  expect(summary.sent.rejects).toMatchObject([{ id: events[9]!.id }]);
  expect(nara.ledger).toHaveLength(63);
});

it('what is stored although the connection died is not looked for among the halves', async () => {
  const nara = await startAlice();
  const events = statusEvents(20);
  const poison = events[3]!.id;
  // The nara stores what comes before the poison, as one would that takes events one by one, and dies then.
  const door = await startDoor(nara, async ({ isImport, body }) => {
    if (!isImport || !body.includes(poison)) return undefined;
    const sent = importedIds([{ path: '/api/events/import', body }])[0]!;
    const before = sent.slice(0, sent.indexOf(poison));
    await restoreLines(nara, linesOf(events.filter(({ id }) => before.includes(id))));
    return 'reset';
  });
  const summary = await restoreLines(door, linesOf(events));
  expect(summary.sent).toMatchObject({ delivered: 19, foundUnanswered: 3, rejects: [{ id: poison }] });
  expect(timesSent(nara, events)).toEqual(events.map(({ id }) => (id === poison ? 0 : 1)));
  expect(nara.lost).toEqual([]);
});

it.each([
  [100, undefined],
  [101, 'TOO_MANY_REJECTS'],
])('%i events that no server takes: %s', async (count, code) => {
  const nara = await startAlice();
  const events = seenEvents(130);
  const bad = new Set(idsOf(events.slice(0, count)));
  const door = await startDoor(nara, ({ isImport, body }) =>
    isImport && [...bad].some((id) => body.includes(id)) ? SIGNATURE_REFUSED : undefined,
  );
  const summary = await restoreLines(door, linesOf(events));
  expect(summary.trouble?.code).toBe(code);
  expect(summary.sent.rejects).toHaveLength(count);
  if (code === undefined) {
    expect(idsOf(nara.ledger)).toEqual(idsOf(events.slice(100)));
    expect(judgeRestore(summary)).toMatchObject({ code: 'NOT_RESTORED' });
  } else {
    expect(nara.ledger.length).toBeLessThan(30);
    expect(judgeRestore(summary)).toMatchObject({ code, exitStatus: 13 });
  }
});

function notImported(error: string): string {
  return JSON.stringify({ success: false, imported: 0, duplicates: 0, error });
}
