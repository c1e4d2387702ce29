import { describe, expect, it } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { HOSTILE_KINDS, makeHostileEvent } from '../../src/sandbox/hostile-events.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { BOB, CAROL, restoreLines, startAlice } from './restoring.ts';
import { idsOf, linesOf, seenEvents } from './trouble-events.ts';

const START_NS = 1_767_225_600_000_000_000n;
const MALLORY = makeIdentity('mallory', new Prng('mallory'));
let clock = 0;

function seen(observer: SandboxIdentity, signer?: SandboxIdentity): SandboxEvent {
  const payload = { observer: observer.name, subject: 'alice', via: 'mesh' };
  return makeEvent({ tsNs: START_NS + BigInt(++clock), svc: 'seen', payload, ...(signer && { signer }) });
}

function heyThere({ name, naraId }: SandboxIdentity, { publicKey, sign }: SandboxIdentity): SandboxEvent {
  const payload = { From: name, PublicKey: publicKey, MeshIP: '', ID: naraId, Signature: '' };
  return makeEvent({
    tsNs: START_NS + BigInt(++clock),
    svc: 'hey-there',
    payload,
    signer: { name, naraId, sign },
  });
}

describe('--proof signed', () => {
  const good = seen(BOB, BOB);
  const bad = [
    seen(BOB),
    seen(BOB, CAROL), // carol speaks for bob
    seen(BOB, { ...CAROL, name: 'bob' }),
    seen(CAROL, CAROL), // nobody told her key
  ];

  it('sends what is signed by whom it speaks for, with a key that the backup tells', async () => {
    const nara = await startAlice();
    const hello = heyThere(BOB, BOB);
    const summary = await restoreLines(nara, linesOf([...bad, good, hello]), { proof: 'signed' });
    expect(idsOf(nara.ledger).sort()).toEqual(idsOf([good, hello]).sort());
    expect(summary.stay).toEqual({ unproven: 4 });
  });

  it('or the target, in its own ledger', async () => {
    const nara = await startAlice({ events: [heyThere(BOB, BOB)] });
    const summary = await restoreLines(nara, linesOf([...bad, good]), { proof: 'signed' });
    expect(summary).toMatchObject({ stay: { unproven: 4 }, sent: { imported: 1 } });
  });

  it('a name that several keys claim proves nothing', async () => {
    const nara = await startAlice();
    const lines = linesOf([good, heyThere(BOB, BOB), heyThere(BOB, MALLORY)]);
    const summary = await restoreLines(nara, lines, { proof: 'signed' });
    expect(summary.stay).toEqual({ unproven: 1, 'name-contested': 2 });
    expect(nara.ledger).toEqual([]);
  });
});

describe('an event whose ID does not fit', () => {
  const [earlier, truth, other] = seenEvents(3) as [SandboxEvent, SandboxEvent, SandboxEvent];
  const [free, again] = ['a', 'b'].map((via) =>
    other.line.replace(other.id, 'f'.repeat(32)).replace(/"via":"[^"]*"/, `"via":"${via}"`),
  ) as [string, string];

  it('stays, unless it is wanted', async () => {
    const nara = await startAlice();
    const summary = await restoreLines(nara, [free, truth.line]);
    expect(summary).toMatchObject({ stay: { misfit: 1 }, sent: { imported: 1 } });
    const wanted = await restoreLines(nara, [free, truth.line], { includeMisfits: true });
    expect(wanted).toMatchObject({ stay: { there: 1 }, sent: { imported: 1 } });
    expect(nara.ledger.map(({ line }) => line).sort()).toEqual([free, truth.line].sort());
  });

  it.each([
    ['older', earlier],
    ['younger', other],
  ])('never takes the place of one whose ID it claims, though %s', async (_what, liar) => {
    const nara = await startAlice();
    const claim = liar.line.replace(liar.id, truth.id);
    const summary = await restoreLines(nara, [claim, truth.line], { includeMisfits: true });
    expect(summary.stay).toEqual({ 'id-taken': 1 });
    expect(nara.ledger.map(({ line }) => line)).toEqual([truth.line]);
  });

  it('nor does a second one of the same ID go: a server would keep one of them, and say nothing', async () => {
    const nara = await startAlice();
    const summary = await restoreLines(nara, [free, again], { includeMisfits: true });
    expect(summary).toMatchObject({ stay: { 'id-taken': 1 }, sent: { imported: 1, duplicates: 0 } });
  });
});

it.each(HOSTILE_KINDS.filter((kind) => kind !== 'line break inside'))(
  'an event on which readers disagree never goes: %s',
  async (kind) => {
    const nara = await startAlice();
    const events = seenEvents(4);
    const hostile = makeHostileEvent(events[1]!, HOSTILE_KINDS.indexOf(kind));
    const lines = [events[0]!.line, hostile.line, events[2]!.line, events[3]!.line];
    const summary = await restoreLines(nara, lines, { includeMisfits: true, overfill: true });
    expect(idsOf(nara.ledger)).toEqual(idsOf([events[0]!, events[2]!, events[3]!]));
    expect(summary).toMatchObject({ stay: { hostile: 1 }, sent: { imported: 3, rejects: [] } });
  },
);

it('of a service that nobody knows nothing goes: the attempt alone can cost the target an event', async () => {
  const nara = await startAlice();
  const { line } = makeEvent({ tsNs: START_NS, svc: 'dream', payload: { of: 'sheep' } });
  const summary = await restoreLines(nara, [line], { includeMisfits: true, overfill: true });
  expect(summary).toMatchObject({ stay: { 'unknown-service': 1 }, sent: { requests: 0 } });
});
