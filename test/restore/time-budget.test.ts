import { expect, onTestFinished, test } from 'vitest';
import { TimeBudget } from '../../src/restore/time-budget.ts';

function budget(wholeMs: number | undefined): TimeBudget {
  const made = new TimeBudget(wholeMs);
  onTestFinished(() => {
    made.end();
  });
  return made;
}

/** Ends when the signal does. */
async function over(signal: AbortSignal): Promise<unknown> {
  // A budget keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
  clearInterval(alive);
  return signal.reason;
}

test('ends with its code and the time that it had', async () => {
  const reason = await over(budget(5).signal);
  expect(reason).toMatchObject({
    code: 'RESTORE_TIMEOUT',
    message: 'the restore was not done within 0.005 s',
  });
});

test('stands still during a job that does not count, and goes on after it', async () => {
  const one = budget(20);
  let wasOver = true;
  await one.standingStill(async () => {
    await over(budget(60).signal);
    wasOver = one.signal.aborted;
  });
  expect(wasOver).toBe(false);
  await over(one.signal);
});

test('where the user bounds the whole, a job with a time-out of its own counts, and progress makes it no longer', async () => {
  const one = budget(20);
  let wasOver = false;
  await one.trusting(async () => {
    one.progressed();
    await over(budget(60).signal);
    wasOver = one.signal.aborted;
  });
  expect(wasOver).toBe(true);
});
