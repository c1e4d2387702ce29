import { expect, test } from 'vitest';
import { parseKeyList } from '../../src/event/key-list.ts';
import type { RestoreOptions } from '../../src/restore/restore-options.ts';
import type { StayReason } from '../../src/restore/stay-reason.ts';
import { makeCheckpoint } from '../../src/sandbox/checkpoint-maker.ts';
import { makeEvent, type EventParts, type Signer } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { BOB, CAROL, restoreLines, startAlice } from './restoring.ts';

const MALLORY = makeIdentity('mallory', new Prng('mallory'));
const GHOST = makeIdentity('ghost', new Prng('ghost'));
const T0 = 1_769_000_000_000_000_000n;

function seen(parts: Partial<EventParts> = {}): SandboxEvent {
  const payload = { observer: 'bob', subject: 'carol', via: 'mesh' };
  return makeEvent({ tsNs: T0, svc: 'seen', payload, ...parts });
}

function hey(who: SandboxIdentity, parts: Partial<EventParts> = {}, name = who.name): SandboxEvent {
  const payload = { From: name, PublicKey: who.publicKey, MeshIP: '', ID: who.naraId, Signature: '' };
  return makeEvent({ tsNs: T0 + 5n, svc: 'hey-there', payload, signer: { ...who, name }, ...parts });
}

const misfit = seen().line.replace('"via":"mesh"', '"via":"ping"');
const twice = seen().line.replace('{', '{"id":"00000000000000000000000000000bad",');
const NOW_NS = BigInt(Date.now()) * 1_000_000n;
const future = seen({ tsNs: NOW_NS + 900_000_000_000n });
const unknown = `{"id":"${'0'.repeat(32)}","ts":5,"svc":"dream","dream":{}}`;
const incomplete = seen({ payload: { observer: 'bob', subject: 'carol', via: '' } });
const bobAsMallory = hey(MALLORY, {}, 'bob');

interface Case {
  readonly name: string;
  readonly lines: readonly string[];
  readonly stay: Partial<Record<StayReason, number>>;
  /** The one option that lets all of them go, if there is one. */
  readonly unless?: Partial<RestoreOptions>;
}

const cases: Case[] = [
  { name: 'what readers disagree about', lines: [twice], stay: { hostile: 1 } },
  { name: 'a misfit', lines: [misfit], stay: { misfit: 1 }, unless: { includeMisfits: true } },
  { name: 'an unknown service', lines: [unknown], stay: { 'unknown-service': 1 } },
  { name: 'what the server does not take', lines: [incomplete.line], stay: { 'not-taken': 1 } },
  { name: 'the future', lines: [future.line], stay: { future: 1 }, unless: { includeFuture: true } },
  {
    name: 'news of a name that is not online',
    lines: [
      seen({ tsNs: NOW_NS - 60_000_000_000n, payload: { observer: 'bob', subject: 'ghost', via: 'mesh' } })
        .line,
    ],
    stay: { recent: 1 },
    unless: { withPresence: true },
  },
  {
    name: 'a greeting that nobody signed',
    lines: [
      makeEvent({ tsNs: T0, svc: 'hey-there', payload: { From: 'bob', PublicKey: BOB.publicKey } }).line,
    ],
    stay: { 'greeting-unproven': 1 },
  },
  {
    name: 'a greeting that another signed',
    lines: [hey(BOB, { signer: { ...MALLORY, name: 'bob' } }).line],
    stay: { 'greeting-unproven': 1 },
  },
  {
    name: 'a greeting that its own key signed under another name',
    lines: [hey(BOB, { signer: { ...BOB, name: 'carol' } }).line],
    stay: { 'greeting-unproven': 1 },
  },
  {
    name: 'greetings of a name with two keys',
    lines: [hey(BOB).line, bobAsMallory.line],
    stay: { 'name-contested': 2 },
  },
  {
    name: 'greetings of a name that is not online',
    lines: [hey(GHOST).line],
    stay: { 'name-offline': 1 },
    unless: { withPresence: true },
  },
  {
    name: 'what is not selected',
    lines: [seen().line],
    stay: { filtered: 1 },
    unless: { filter: { services: ['seen'], naras: ['bob'] } },
  },
];

test.each(cases)('stays, and is counted: $name', async ({ lines, stay, unless }) => {
  const nara = await startAlice();
  const filter = { services: ['ping', 'hey-there', 'social', 'seen', 'dream'], naras: [] };
  const isFilter = stay.filtered !== undefined;
  const summary = await restoreLines(
    nara,
    lines,
    isFilter ? { filter: { services: ['social'], naras: [] } } : { filter },
  );
  expect(summary.stay).toEqual(stay);
  expect(nara.ledger).toEqual([]);
  if (unless === undefined) return;
  expect((await restoreLines(nara, lines, unless)).stay).toEqual({});
  expect(nara.ledger.map(({ line }) => line)).toEqual(lines);
});

test('news of names that are online goes', async () => {
  const nara = await startAlice();
  const summary = await restoreLines(nara, [seen({ tsNs: NOW_NS - 60_000_000_000n }).line]);
  expect(summary.stay).toEqual({});
});

test('a pinned key settles who a name is: its greetings go, the others stay', async () => {
  const nara = await startAlice();
  const lines = [hey(BOB).line, bobAsMallory.line];
  const pinnedKeys = parseKeyList(`bob ${BOB.publicKey}`);
  const summary = await restoreLines(nara, lines, { pinnedKeys });
  expect(summary.stay).toEqual({ 'name-contested': 1 });
  expect(nara.keys.get('bob')).toBe(BOB.publicKey);
});

test('a key that the target holds for a name contests another one in the backup', async () => {
  const forged = makeEvent({
    tsNs: T0,
    svc: 'hey-there',
    payload: { From: 'bob', PublicKey: MALLORY.publicKey },
  });
  const nara = await startAlice({ events: [forged] });
  const summary = await restoreLines(nara, [hey(BOB).line]);
  expect(summary.stay).toEqual({ 'name-contested': 1 });
});

test('where the target does not tell who is online, all greetings stay', async () => {
  const nara = await startAlice({ door: 'mesh' });
  expect((await restoreLines(nara, [hey(BOB).line, seen().line])).stay).toEqual({ 'name-offline': 1 });
});

/** Their keys are in the backup. */
function attest(signer: Signer, payload: { observer?: string } = {}, tsNs = T0): SandboxEvent {
  return seen({ tsNs, signer, payload: { observer: signer.name, subject: 'x', via: 'mesh', ...payload } });
}

test('with proof signed only events go that their own actor signed, by the one key that is known', async () => {
  const nara = await startAlice();
  const good = attest(BOB);
  const lines = [
    hey(BOB).line,
    hey(CAROL).line,
    hey(MALLORY, {}, 'carol').line,
    good.line,
    seen({ tsNs: T0 + 1n }).line, // nobody
    attest(BOB, { observer: 'carol' }, T0 + 2n).line, // of another
    attest(CAROL).line, // whose key is contested
    attest(GHOST).line, // whose key is not known
  ];
  const summary = await restoreLines(nara, lines, { proof: 'signed' });
  expect(summary.stay).toEqual({ unproven: 4, 'name-contested': 2 });
  expect(nara.ledger.map(({ line }) => line).sort()).toEqual([good.line, hey(BOB).line].sort());
});

test('with proof signed a checkpoint goes that two known voters attest', async () => {
  const claim = {
    version: 1,
    subject: 'ghost',
    subjectId: 'g',
    restarts: 3,
    totalUptime: 9,
    startTime: 5,
    round: 1,
  };
  const by = (voters: SandboxIdentity[], asOfTime: number): SandboxEvent =>
    makeEvent({ tsNs: T0, svc: 'checkpoint', payload: makeCheckpoint({ ...claim, asOfTime }, voters) });
  const nara = await startAlice();
  const attested = by([BOB, CAROL], 7);
  const lines = [
    hey(BOB).line,
    hey(CAROL).line,
    attested.line,
    by([BOB, GHOST], 8).line,
    by([BOB, BOB], 9).line,
  ];
  const summary = await restoreLines(nara, lines, { proof: 'signed' });
  expect(summary.stay).toEqual({ unproven: 2 });
  expect(nara.ledger.map(({ line }) => line)).toContain(attested.line);
});

test('of several events with one ID the one goes that it fits, wherever it stands', async () => {
  const nara = await startAlice();
  const event = seen();
  const older = event.line.replace(`"ts":${T0}`, `"ts":${T0 - 9n}`);
  const newer = event.line.replace(`"ts":${T0}`, `"ts":${T0 + 9n}`);
  const summary = await restoreLines(nara, [older, event.line, newer], { includeMisfits: true });
  expect(summary.stay).toEqual({ 'id-taken': 2 });
  expect(nara.ledger.map(({ line }) => line)).toEqual([event.line]);
});

test('of misfits with one ID the first goes', async () => {
  const nara = await startAlice();
  const lines = [seen().line, seen({ tsNs: T0 + 9n }).line].map((line) =>
    line.replace(/"id":"[^"]*"/, `"id":"${'ab'.repeat(16)}"`),
  );
  const summary = await restoreLines(nara, lines, { includeMisfits: true });
  expect(summary.stay).toEqual({ 'id-taken': 1 });
  expect(nara.ledger.map(({ line }) => line)).toEqual([lines[0]]);
});

test('the best copy goes, byte for byte', async () => {
  const nara = await startAlice({ neighbours: [{ name: 'bob', isOnline: true }] });
  const signed = seen({ signer: BOB });
  const stripped = seen();
  expect(signed.id).toBe(stripped.id);
  const summary = await restoreLines(nara, [stripped.line, signed.line, hey(BOB).line, stripped.line]);
  expect(summary.duplicates).toBe(2);
  expect(nara.ledger.map(({ line }) => line)).toContain(signed.line);
  expect(nara.ledger.map(({ line }) => line)).not.toContain(stripped.line);
});
