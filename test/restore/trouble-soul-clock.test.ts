import { describe, expect, it } from 'vitest';
import { judgeRestore } from '../../src/restore/outcome.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { startNara, type SandboxNara } from '../../src/sandbox/nara.ts';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import { BOB, restoreLines, startAlice } from './restoring.ts';
import { startDoor } from './trouble-door.ts';
import { idsOf, importedIds, linesOf, seenEvents } from './trouble-events.ts';

const EVENTS = seenEvents(30);
const LINES = linesOf(EVENTS);
const TENS = { batch: { maxEvents: 10, maxBytes: 1_000_000 } };

const startSkewed = (seconds: number): Promise<SandboxNara> =>
  startAlice({ faults: [parseFault(`skew:${seconds}`)] });

function expectUntouched(nara: SandboxNara): void {
  expect(importedIds(nara.requests)).toEqual([]);
  expect(nara.ledger).toEqual([]);
}

describe('a wrong soul', () => {
  it('is found out before anything is sent', async () => {
    const nara = await startAlice();
    await expect(restoreLines(nara, LINES, { keypair: BOB })).rejects.toMatchObject({
      code: 'TARGET_WRONG_SOUL',
      exitStatus: 12,
      message: expect.stringContaining('Authentication failed: soul does not match') as string,
      hint: expect.stringContaining('soul') as string,
    });
    expectUntouched(nara);
    expect(nara.requests).toHaveLength(1);
  });

  it('in the middle, when another nara took its place: the sending ends, and nothing is set aside', async () => {
    const nara = await startAlice();
    const bob = await startNara({ identity: BOB, door: 'web' });
    try {
      const door = await startDoor(nara, (_request, imports) => (imports < 2 ? nara : bob));
      const summary = await restoreLines(door, LINES, TENS);
      expect(summary.trouble).toMatchObject({ code: 'TARGET_WRONG_SOUL', exitStatus: 12 });
      expect(summary.sent).toMatchObject({ delivered: 10, rejects: [], requests: 2 });
      expect(summary.confirmed).toBeUndefined();
      expect(judgeRestore(summary)).toMatchObject({ code: 'TARGET_WRONG_SOUL' });
      expect(bob.ledger).toEqual([]);
    } finally {
      await bob.close();
    }
  });
});

it('a server that comes back as another one is not sent anything', async () => {
  const nara = await startAlice();
  const bob = await startNara({ identity: BOB, door: 'web' });
  try {
    let isAway = false;
    const door = await startDoor(nara, ({ isImport }, imports) => {
      if (!isImport || imports < 2) return isAway ? bob : nara;
      isAway = true;
      return 'reset';
    });
    const summary = await restoreLines(door, LINES, TENS);
    expect(summary.trouble).toMatchObject({ code: 'TARGET_WRONG_SOUL' });
    expect(summary.sent).toMatchObject({ delivered: 10, requests: 2, rejects: [] });
    expect(bob.requests).toHaveLength(1);
  } finally {
    await bob.close();
  }
});

describe('a clock that differs by more than 5 minutes', () => {
  it.each([
    // The time stamp is in whole seconds, so the server may find a second more.
    [400, /its clock is 40[01] s ahead of ours/],
    [-400, /its clock is (399|400) s behind ours/],
    [90_000, /its clock is 9000[01] s ahead of ours/],
  ])('%i s: nothing is sent, and the message says whose it is, and by how much', async (seconds, said) => {
    const nara = await startSkewed(seconds);
    await expect(restoreLines(nara, LINES)).rejects.toMatchObject({
      code: 'TARGET_CLOCK',
      exitStatus: 15,
      message: expect.stringMatching(said) as string,
      hint: expect.stringContaining('--clock-fix') as string,
    });
    expectUntouched(nara);
  });

  it.each([400, -400, 86_000])(
    '%i s: with the fix all requests bear its time, those of the mesh too',
    async (s) => {
      const nara = await startSkewed(s);
      const fixes: number[] = [];
      const summary = await restoreLines(nara, LINES, {
        ...TENS,
        clockFix: true,
        observer: { clockFixed: (offsetMs) => void fixes.push(offsetMs) },
      });
      expect(idsOf(nara.ledger)).toEqual(idsOf(EVENTS));
      expect(summary.confirmed).toMatchObject({ there: 30 });
      expect(judgeRestore(summary)).toBeUndefined();
      expect(fixes).toHaveLength(1);
      expect(Math.round(fixes[0]! / 10_000)).toBe(s / 10);
      const statuses = nara.requests.filter(({ method }) => method === 'POST').map(({ status }) => status);
      expect(statuses.slice(0, 1)).toEqual([403]);
      expect(new Set(statuses.slice(1))).toEqual(new Set([200]));
    },
  );

  it.each([86_500, -86_500])('%i s is more than a day: no fix reaches so far', async (seconds) => {
    const nara = await startSkewed(seconds);
    await expect(restoreLines(nara, LINES, { clockFix: true })).rejects.toMatchObject({
      code: 'TARGET_CLOCK',
    });
    expectUntouched(nara);
  });

  it.each([400, 60])('%i s: no time is taken over a line that anybody may write on', async (seconds) => {
    const nara = await startSkewed(seconds);
    const options = { clockFix: true, isClockFixSafe: () => false };
    await expect(restoreLines(nara, LINES, options)).rejects.toMatchObject({
      code: 'TARGET_CLOCK',
      message: expect.stringContaining('plain http') as string,
    });
    expectUntouched(nara);
  });

  it('a wrong soul shows once the time is right', async () => {
    const nara = await startSkewed(400);
    await expect(restoreLines(nara, LINES, { clockFix: true, keypair: BOB })).rejects.toMatchObject({
      code: 'TARGET_WRONG_SOUL',
    });
    expect(nara.requests).toHaveLength(2);
    expectUntouched(nara);
  });

  it('a clock that is set while we send ends the sending, whatever was fixed before', async () => {
    const nara = await startAlice();
    const late = await startSkewed(1000);
    const door = await startDoor(nara, (_request, imports) => (imports < 2 ? nara : late));
    const summary = await restoreLines(door, LINES, { ...TENS, clockFix: true });
    expect(summary.trouble).toMatchObject({ code: 'TARGET_CLOCK' });
    expect(summary.sent).toMatchObject({ delivered: 10, rejects: [] });
  });
});

describe('a clock that differs by more than 30 seconds and less than 5 minutes', () => {
  it.each([60, -60, 250])('%i s: its ledger cannot be read, so nothing is sent', async (seconds) => {
    const nara = await startSkewed(seconds);
    await expect(restoreLines(nara, LINES)).rejects.toMatchObject({
      code: 'TARGET_CLOCK',
      message: expect.stringContaining('cannot be read') as string,
      hint: expect.stringContaining('--clock-fix') as string,
    });
    expectUntouched(nara);
  });

  it.each([60, -60, 250])('%i s: with the fix it is as if there were no difference', async (seconds) => {
    const nara = await startSkewed(seconds);
    const summary = await restoreLines(nara, LINES, { clockFix: true });
    expect(idsOf(nara.ledger)).toEqual(idsOf(EVENTS));
    expect(summary.confirmed).toMatchObject({ there: 30 });
  });

  it('blind, all goes, and what arrived is not known', async () => {
    const nara = await startSkewed(60);
    const summary = await restoreLines(nara, LINES, { blind: true });
    expect(nara.ledger).toHaveLength(30);
    expect(summary).toMatchObject({
      sent: { delivered: 30 },
      confirmed: undefined,
      trouble: { code: 'TARGET_CLOCK' },
    });
    expect(judgeRestore(summary)).toMatchObject({ code: 'NOT_RESTORED', exitStatus: 3 });
  });
});

it('without the fix, or within 20 seconds, our own time counts', async () => {
  const nara = await startSkewed(15);
  const fixes: number[] = [];
  const observer = { clockFixed: (offsetMs: number): void => void fixes.push(offsetMs) };
  await restoreLines(nara, LINES, { clockFix: true, observer });
  expect(nara.ledger).toHaveLength(30);
  expect(fixes).toEqual([]);
});

it("what is future is told by the target's time, where that is taken", async () => {
  const inTenMinutes = BigInt(Date.now() + 600_000) * 1_000_000n;
  const payload = { observer: 'bob', subject: 'carol', via: 'mesh' };
  const { line } = makeEvent({ tsNs: inTenMinutes, svc: 'seen', payload });
  const nara = await startSkewed(3600);
  await restoreLines(nara, [line], { clockFix: true });
  expect(nara.ledger).toHaveLength(1);
  const other = await startAlice();
  const summary = await restoreLines(other, [line]);
  expect(other.ledger).toEqual([]);
  expect(summary.stay).toEqual({ future: 1 });
});
