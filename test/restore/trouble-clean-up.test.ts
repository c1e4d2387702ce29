import { describe, expect, it } from 'vitest';
import { parseFault } from '../../src/sandbox/faults.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { BOB, restoreLines, startAlice } from './restoring.ts';
import { linesOf } from './trouble-events.ts';

const GONE = makeIdentity('gone', new Prng('gone'));
const NOW_S = Math.floor(Date.now() / 1000);
const HOUR = 3600;
const DAY = 24 * HOUR;

/** What `who` saw of `subject`, so many seconds ago. */
function seen(who: SandboxIdentity, subject: string, agoS: number, signer?: SandboxIdentity): SandboxEvent {
  const payload = { observer: who.name, subject, via: 'mesh' };
  return makeEvent({
    tsNs: BigInt(NOW_S - agoS) * 1_000_000_000n,
    svc: 'seen',
    payload,
    ...(signer && { signer }),
  });
}

/** Alice, who holds a history of one that is gone; she sees bob online. */
function startWith(
  held: readonly SandboxEvent[],
  gone?: { startTime: number; lastSeen: number },
): Promise<SandboxNara> {
  const neighbours = [{ name: 'bob', isOnline: true }, ...(gone ? [{ name: 'gone', ...gone }] : [])];
  return startAlice({ events: held, neighbours });
}

const HISTORY = [seen(BOB, 'gone', 60 * DAY), seen(BOB, 'gone', 50 * DAY)];

describe('an event less than 5 minutes old', () => {
  const fresh = [seen(BOB, 'gone', 100), seen(GONE, 'bob', 90), seen(BOB, 'bob', 80, GONE)];

  it('stays where it names one that is not online: it would bring the name under the clean-up', async () => {
    const nara = await startWith(HISTORY);
    const summary = await restoreLines(nara, linesOf([...fresh, seen(BOB, 'alice', 70, BOB)]));
    expect(summary.stay).toEqual({ recent: 3 });
    expect(nara.ledger).toHaveLength(3);
    expect(nara.cleanUp()).toBe(0);
  });

  it('goes with --with-presence, and the history of the name with it', async () => {
    const nara = await startWith(HISTORY);
    const summary = await restoreLines(nara, linesOf(fresh.slice(0, 1)), { withPresence: true });
    expect(summary.stay).toEqual({});
    expect(nara.cleanUp()).toBe(3);
  });

  it('goes once it is older', async () => {
    const nara = await startWith(HISTORY);
    await restoreLines(nara, linesOf([seen(BOB, 'gone', 600)]));
    expect(nara.ledger).toHaveLength(3);
    expect(nara.cleanUp()).toBe(0);
  });

  it.each(['mesh', 'web'] as const)('stays where the %s port does not tell who is online', async (door) => {
    const nara = await startAlice({
      events: HISTORY,
      neighbours: [],
      door,
      faults: [parseFault('no-narae')],
    });
    const own = makeEvent({
      tsNs: BigInt(NOW_S) * 1_000_000_000n,
      svc: 'seen',
      payload: { observer: 'alice', subject: 'alice', via: 'mesh' },
    });
    const summary = await restoreLines(nara, linesOf([...fresh, own]));
    expect(summary.stay).toEqual({ recent: 3 });
    expect(summary.sent.imported).toBe(1);
    expect(nara.cleanUp()).toBe(0);
  });

  it('from the future stays for the same reason, even where those are wanted', async () => {
    const nara = await startWith(HISTORY);
    const summary = await restoreLines(nara, linesOf([seen(BOB, 'gone', -DAY)]), { includeFuture: true });
    expect(summary.stay).toEqual({ recent: 1 });
    expect(nara.cleanUp()).toBe(0);
  });
});

describe('an event of a nara that the target lists, but not as online', () => {
  // It would be held to have been heard last when it emitted the event.
  const gone = { startTime: NOW_S - 10 * DAY, lastSeen: NOW_S - HOUR };
  const emitted = [seen(GONE, 'bob', 9 * DAY, GONE), seen(BOB, 'bob', 9 * DAY, GONE)];

  it('stays: it would put the name under the clean-up', async () => {
    const nara = await startWith(HISTORY, gone);
    const about = seen(BOB, 'gone', 8 * DAY, BOB);
    const summary = await restoreLines(nara, linesOf([...emitted, about]));
    expect(summary.stay).toEqual({ 'emitter-offline': 2 });
    expect(summary.sent.imported).toBe(1);
    expect(nara.cleanUp()).toBe(0);
  });

  it('goes with --with-presence, and costs the history', async () => {
    const nara = await startWith(HISTORY, gone);
    await restoreLines(nara, linesOf(emitted.slice(0, 1)), { withPresence: true });
    expect(nara.cleanUp()).toBe(3);
  });

  it('goes where the target does not list the name at all', async () => {
    const nara = await startWith(HISTORY);
    await restoreLines(nara, linesOf(emitted));
    expect(nara.ledger).toHaveLength(4);
    expect(nara.cleanUp()).toBe(0);
  });
});
