import { pause } from '../mesh/pause.ts';

const COUNTDOWN_MS = 1000;

/** Waits, and tells each second how long it will yet be. Throws the signal's reason. */
export async function countDown(
  waitMs: number,
  tell: (leftMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = performance.now() + waitMs;
  for (let leftMs = waitMs; leftMs > 0; leftMs = untilMs - performance.now()) {
    tell(leftMs);
    await pause(Math.min(leftMs, COUNTDOWN_MS), signal);
  }
}
