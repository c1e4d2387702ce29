import { expect, it } from 'vitest';
import type { RestoreSummary } from '../../src/restore/restore-summary.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import { restoreLines, startAlice } from './restoring.ts';
import { startDoor } from './trouble-door.ts';
import { linesOf, statusEvents, timesSent } from './trouble-events.ts';

// So many that each one that came again would cost the oldest its place.
const EVENTS = statusEvents(20);

/** A server at work on a batch, event by event, as a full ledger takes them. */
async function takeOneByOne(nara: SandboxNara, begun: () => void): Promise<void> {
  for (const { line } of EVENTS) {
    await restoreLines(nara, [line], { blind: true, confirm: false });
    begun();
  }
}

function expectEachOnce(nara: SandboxNara, summary: RestoreSummary): void {
  expect(timesSent(nara, EVENTS)).toEqual(EVENTS.map(() => 1));
  expect(nara.lost).toEqual([]);
  expect(summary.sent).toMatchObject({ delivered: 20, foundUnanswered: 20, requests: 1, rejects: [] });
}

it.each(['silence', 'reset'] as const)(
  'a server that is still at work on a batch which it does not answer (%s) gets no event a second time',
  async (doing) => {
    const nara = await startAlice();
    let work = Promise.resolve();
    const door = await startDoor(nara, async ({ isImport }, imports) => {
      if (!isImport || imports > 1) return undefined;
      await new Promise<void>((begun) => {
        work = takeOneByOne(nara, begun);
      });
      return doing;
    });
    const summary = await restoreLines(door, linesOf(EVENTS), { requestTimeoutMs: 800 });
    await work;
    expectEachOnce(nara, summary);
  },
);

it('nor does one that was silent for long, and begins only now', async () => {
  const nara = await startAlice();
  let work: Promise<void> | undefined;
  const door = await startDoor(nara, ({ path, isImport }, imports) => {
    if (isImport && imports === 1) return 'silence';
    if (imports === 1 && path === '/events/sync') work ??= takeOneByOne(nara, () => undefined);
    return undefined;
  });
  const summary = await restoreLines(door, linesOf(EVENTS), { requestTimeoutMs: 800 });
  await work;
  expectEachOnce(nara, summary);
});
