import { setTimeout as wait } from 'node:timers/promises';
import { asDatabaseError, isBusy } from './database-error.ts';

/** How long to wait for others, and what ends the wait. */
export interface Patience {
  /** 0: not at all. */
  readonly busyTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Short: a busy writer lets go for moments only. */
const MAX_WAIT_MS = 5;

/**
 * Tries until no other connection is in the way. Unlike SQLite's own busy time-out it lets everything else of this
 * process run meanwhile. Throws `DATABASE_BUSY`, what `asDatabaseError` makes of other errors, and the signal's reason.
 */
export async function untilFree<T>(
  path: string,
  { busyTimeoutMs, signal }: Patience,
  attempt: () => T,
): Promise<T> {
  const endMs = performance.now() + busyTimeoutMs;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    signal?.throwIfAborted();
    try {
      return attempt();
    } catch (cause) {
      const leftMs = endMs - performance.now();
      if (!isBusy(cause) || leftMs <= 0) throw asDatabaseError(path, cause);
      await wait(Math.min(waitMs, leftMs));
    }
  }
}
