import { expect, it } from 'vitest';
import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { restoreLines, startAlice } from './restoring.ts';
import { idsOf, linesOf, seenEvents, statusEvents } from './trouble-events.ts';

const START_NS = 1_767_225_600_000_000_000n;

/** Of the pair that `statusEvents` are of, older than all of them. */
const restarts: readonly SandboxEvent[] = Array.from({ length: 25 }, (_, at) => {
  const counts = { type: 'restart', importance: 3, start_time: 1_700_000_000, restart_num: at + 1 };
  const payload = { observer: 'bob', subject: 'carol', ...counts };
  return makeEvent({ tsNs: START_NS - 1_000n + BigInt(at), svc: 'observation', payload });
});

const counts = { restarts: 1, totalUptime: 1, startTime: 1, asOfTime: 1_769_000_000, round: 1 };
const checkpoint = makeEvent({
  tsNs: START_NS,
  svc: 'checkpoint',
  payload: makeCheckpoint({ version: 1, subject: 'carol', subjectId: '', ...counts }, []),
});

it('of a pair that has nothing but restarts all go: a ledger lets go of none of them', async () => {
  const nara = await startAlice({ events: restarts.slice(0, 3) });
  const summary = await restoreLines(nara, linesOf([...restarts, ...statusEvents(4)]));
  expect(idsOf(nara.ledger)).toEqual(idsOf(restarts));
  expect(nara.lost).toEqual([]);
  expect(summary.stay).toEqual({ there: 3, 'observation-limit': 4 });
});

it.each(['the target', 'the backup'])(
  'a checkpoint about them, in %s, and only the newest go',
  async (where) => {
    const isHeld = where === 'the target';
    const nara = await startAlice({ events: isHeld ? [checkpoint] : [] });
    const summary = await restoreLines(nara, linesOf(isHeld ? restarts : [...restarts, checkpoint]));
    expect(idsOf(nara.ledger).sort()).toEqual(idsOf([...restarts.slice(5), checkpoint]).sort());
    expect(nara.lost).toEqual([]);
    expect(summary.stay).toEqual({ 'observation-limit': 5 });
  },
);

it('of a pair that has others, too, restarts have the first claim to what room there is', async () => {
  const held = statusEvents(1);
  const nara = await startAlice({ events: held });
  const statuses = statusEvents(20, 1);
  const few = restarts.slice(0, 6);
  const summary = await restoreLines(nara, linesOf([...few, ...statuses]));
  expect(idsOf(nara.ledger)).toEqual(idsOf([...few, ...held, ...statuses.slice(7)]));
  expect(nara.lost).toEqual([]);
  expect(summary.stay).toEqual({ 'observation-limit': 7 });
});

it('restarts of a pair that has others, too, are limited like them', async () => {
  const held = statusEvents(1);
  const nara = await startAlice({ events: held });
  const summary = await restoreLines(nara, linesOf(restarts));
  expect(idsOf(nara.ledger)).toEqual(idsOf([...restarts.slice(6), ...held]));
  expect(nara.lost).toEqual([]);
  expect(summary.stay).toEqual({ 'observation-limit': 6 });
});

it('of what a full ledger has no room for, what it would let go of first stays', async () => {
  const ping = makeEvent({
    tsNs: START_NS + 99_000_000_000n,
    svc: 'ping',
    payload: { observer: 'bob', target: 'carol', rtt: 1 },
  });
  const social = { type: 'tease', actor: 'bob', target: 'carol' };
  const tease = makeEvent({ tsNs: START_NS - 1n, svc: 'social', payload: social });
  const seen = seenEvents(3);
  const nara = await startAlice({ capacity: 4 });
  const lines = linesOf([tease, ...seen, ping, checkpoint]);
  const summary = await restoreLines(nara, lines);
  expect(idsOf(nara.ledger).sort()).toEqual(idsOf([tease, ...seen.slice(1), checkpoint]).sort());
  expect(summary.stay).toEqual({ capacity: 2 });
});
