import { setTimeout as sleep } from 'node:timers/promises';

/** Waits. Throws the signal's reason. */
export async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(waitMs, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
