import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 50;

/** Asks again and again until the answer is neither `undefined` nor `false`. Throws when that takes too long. */
export async function until<T>(
  what: string | (() => string),
  maxMs: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const lastMs = Date.now() + maxMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > lastMs) {
      throw new Error(`not within ${maxMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(INTERVAL_MS);
  }
}
