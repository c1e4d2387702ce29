import { describe, expect, it } from 'vitest';
import { PublicKey } from '../../src/identity/keypair.ts';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { BOB, restoreLines, startAlice } from './restoring.ts';
import { idsOf, linesOf, seenEvents, statusEvents } from './trouble-events.ts';

const START_NS = 1_767_225_600_000_000_000n;

function pings(count: number, from = 0): SandboxEvent[] {
  return Array.from({ length: count }, (_, at) => {
    const payload = { observer: 'carol', target: 'bob', rtt: 1.5 };
    return makeEvent({ tsNs: START_NS + BigInt(from + at), svc: 'ping', payload });
  });
}

const LIMITS = [
  ['pings of one target', 'ping-limit', pings(5), pings(3, 5)],
  ['observations of one pair', 'observation-limit', statusEvents(20), statusEvents(3, 20)],
] as const;

describe.each(LIMITS)('%s', (_what, reason, held, more) => {
  it('at their limit: none is pushed out, unless with --overfill', async () => {
    const nara = await startAlice({ events: held });
    const summary = await restoreLines(nara, linesOf(more));
    expect(summary).toMatchObject({ stay: { [reason]: 3 }, toGo: { events: 0 } });
    expect(nara.lost).toEqual([]);
    expect(idsOf(nara.ledger)).toEqual(idsOf(held));

    const overfilled = await restoreLines(nara, linesOf(more), { overfill: true });
    expect(overfilled).toMatchObject({ stay: {}, sent: { imported: 3 }, confirmed: { there: 3 } });
    expect(idsOf(nara.lost)).toEqual(idsOf(held.slice(0, 3)));
  });

  it('of which more go than are kept: the newest fill it, and with --overfill the rest is missing for a reason', async () => {
    const all = [...held, ...more];
    const nara = await startAlice();
    const summary = await restoreLines(nara, linesOf(all));
    expect(summary.stay).toEqual({ [reason]: 3 });
    expect(idsOf(nara.ledger)).toEqual(idsOf(all.slice(3)));
    expect(judgeRestore(summary)).toBeUndefined();

    const other = await startAlice();
    const overfilled = await restoreLines(other, linesOf(all), { overfill: true });
    expect(overfilled.sent.delivered).toBe(all.length);
    expect(overfilled.confirmed).toMatchObject({ there: held.length, missing: new Map([[reason, 3]]) });
    expect(judgeRestore(overfilled)).toMatchObject({ code: 'NOT_RESTORED' });
  });
});

it('a full ledger lets go of nothing, unless with --overfill', async () => {
  const events = seenEvents(12);
  const nara = await startAlice({ events: events.slice(0, 8), capacity: 10 });
  const summary = await restoreLines(nara, linesOf(events));
  expect(summary).toMatchObject({ stay: { there: 8, capacity: 2 }, sent: { imported: 2 } });
  expect(idsOf(nara.ledger)).toEqual(idsOf([...events.slice(0, 8), ...events.slice(10)]));
  expect(nara.lost).toEqual([]);

  const overfilled = await restoreLines(nara, linesOf(events), { overfill: true });
  expect(overfilled).toMatchObject({ stay: { there: 10 }, target: { overCapacity: 2 } });
  expect(nara.lost).toHaveLength(2);
});

it('only what is selected goes', async () => {
  const nara = await startAlice();
  const filter = { services: ['ping'], naras: [], sinceNs: START_NS + 1n };
  const summary = await restoreLines(nara, linesOf([...seenEvents(2), ...pings(3)]), { filter });
  expect(summary.stay).toEqual({ filtered: 3 });
  expect(idsOf(nara.ledger)).toEqual(idsOf(pings(3).slice(1)));
});

it('no more goes than was asked for: the oldest of it', async () => {
  const events = seenEvents(9);
  const nara = await startAlice({ events: events.slice(0, 2) });
  const summary = await restoreLines(nara, linesOf(events), { limit: 3 });
  expect(summary).toMatchObject({ stay: { there: 2, limit: 4 }, toGo: { events: 3 } });
  expect(idsOf(nara.ledger)).toEqual(idsOf(events.slice(0, 5)));
});

describe('a greeting', () => {
  const gone = makeIdentity('gone', new Prng('gone'));
  const mallory = makeIdentity('mallory', new Prng('mallory'));
  const history = seenEvents(3).map(({ tsNs }) => {
    return makeEvent({ tsNs, svc: 'seen', payload: { observer: 'bob', subject: 'gone', via: 'mesh' } });
  });

  function heyThere(who: SandboxIdentity, { publicKey, sign }: SandboxIdentity, at = 0): SandboxEvent {
    const payload = { From: who.name, PublicKey: publicKey, MeshIP: '', ID: who.naraId, Signature: '' };
    return makeEvent({ tsNs: START_NS + BigInt(at), svc: 'hey-there', payload, signer: { ...who, sign } });
  }

  it('of one who is not online stays, and with --with-presence costs the history of the name', async () => {
    const nara = await startAlice({ events: history });
    const { line } = heyThere(gone, gone);
    expect(await restoreLines(nara, [line])).toMatchObject({ stay: { 'name-offline': 1 } });
    expect(nara.keys.has('gone')).toBe(false);
    expect(nara.cleanUp()).toBe(0);

    expect(await restoreLines(nara, [line], { withPresence: true })).toMatchObject({ sent: { imported: 1 } });
    expect(nara.keys.get('gone')).toBe(gone.publicKey);
    expect(nara.cleanUp()).toBe(4);
  });

  it('of one who is online brings the key that it is signed with', async () => {
    const nara = await startAlice();
    await restoreLines(nara, [heyThere(BOB, BOB).line]);
    expect(nara.keys.get('bob')).toBe(BOB.publicKey);
  });

  it.each([false, true])(
    'of a name with two keys stays, until one is pinned (with presence: %s)',
    async (withPresence) => {
      const nara = await startAlice();
      const lines = linesOf([heyThere(BOB, mallory), heyThere(BOB, BOB, 1)]);
      expect(await restoreLines(nara, lines, { withPresence })).toMatchObject({
        stay: { 'name-contested': 2 },
      });
      expect(nara.keys.has('bob')).toBe(false);

      const key = PublicKey.parse(BOB.publicKey)!;
      const pinnedKeys = [{ name: 'bob', key, id: '' }];
      const summary = await restoreLines(nara, lines, { withPresence, pinnedKeys });
      expect(summary).toMatchObject({ stay: { 'name-contested': 1 }, sent: { imported: 1 } });
      expect(nara.keys.get('bob')).toBe(BOB.publicKey);
    },
  );

  it('of a name for which the target holds another key stays, though that one was never signed', async () => {
    const payload = { From: 'bob', PublicKey: mallory.publicKey, MeshIP: '', ID: '', Signature: '' };
    const unsigned = makeEvent({ tsNs: START_NS, svc: 'hey-there', payload });
    const nara = await startAlice({ events: [unsigned] });
    const summary = await restoreLines(nara, [heyThere(BOB, BOB, 1).line]);
    expect(summary.stay).toEqual({ 'name-contested': 1 });

    const pinnedKeys = [{ name: 'bob', key: PublicKey.parse(BOB.publicKey)!, id: '' }];
    const pinned = await restoreLines(nara, [heyThere(BOB, BOB, 1).line], { pinnedKeys });
    expect(pinned.sent.imported).toBe(1);
  });

  it('that nobody signed, or another, stays', async () => {
    const nara = await startAlice();
    const payload = { From: 'bob', PublicKey: BOB.publicKey, MeshIP: '', ID: '', Signature: '' };
    const forged = { ...payload, PublicKey: mallory.publicKey };
    const lines = linesOf([
      makeEvent({ tsNs: START_NS + 4n, svc: 'hey-there', payload: forged, signer: mallory }),
      makeEvent({ tsNs: START_NS, svc: 'hey-there', payload }),
      makeEvent({ tsNs: START_NS + 1n, svc: 'hey-there', payload, signer: { ...mallory, name: 'bob' } }),
      makeEvent({ tsNs: START_NS + 2n, svc: 'hey-there', payload, signer: mallory }),
      makeEvent({ tsNs: START_NS + 3n, svc: 'chau', payload: { From: 'bob', PublicKey: '' }, signer: BOB }),
    ]);
    expect((await restoreLines(nara, lines, { withPresence: true })).stay).toEqual({
      'greeting-unproven': 5,
    });
    expect(nara.keys.has('bob')).toBe(false);
  });
});
