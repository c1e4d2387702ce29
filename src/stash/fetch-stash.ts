import { MeshBackupError } from '../errors.ts';
import { pause } from '../mesh/pause.ts';
import type { StashClient } from './stash-client.ts';
import type { HeldStash, StashStatus } from './stash-status.ts';

export interface FetchStashOptions {
  /** Have the nara ask its confidants where it has no stash. */
  readonly recover: boolean;
  /** How long a recovery is waited for. */
  readonly recoverTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Told once when a recovery has begun, and how many confidants the nara knows. */
  readonly onRecovering?: (confidants: number) => void;
}

export interface FetchedStash extends HeldStash {
  readonly confidants: StashStatus['confidants'];
  /** The confidants gave it back just now. */
  readonly isRecovered: boolean;
}

const FIRST_LOOK_MS = 200;
const LOOK_MS = 1_000;

/** Fetches the stash. Throws `NO_STASH`, which says whether a recovery is worth a try, and as the client does. */
export async function fetchStash(client: StashClient, options: FetchStashOptions): Promise<FetchedStash> {
  const { stash, confidants } = await client.status();
  if (stash !== undefined) return { ...stash, confidants, isRecovered: false };
  if (!options.recover) throw noStash(confidants);
  const answer = await client.recover();
  if (answer?.success === false) {
    throw new MeshBackupError('NO_STASH', `The nara holds no stash, and recovers none: ${answer.message}`);
  }
  options.onRecovering?.(confidants.length);
  const deadlineMs = performance.now() + options.recoverTimeoutMs;
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = LOOK_MS) {
    const leftMs = deadlineMs - performance.now();
    await pause(Math.max(0, Math.min(waitMs, leftMs)), options.signal);
    const status = await client.status();
    if (status.stash !== undefined) {
      return { ...status.stash, confidants: status.confidants, isRecovered: true };
    }
    if (leftMs <= waitMs) throw notRecovered(options.recoverTimeoutMs, status.confidants);
  }
}

function noStash(confidants: StashStatus['confidants']): MeshBackupError {
  const hint =
    confidants.length === 0
      ? 'It knows of nobody who keeps one for it: --recover can hardly help, unless it has just started.'
      : `${countOnline(confidants)}: --recover asks them to give it back.`;
  return new MeshBackupError('NO_STASH', 'The nara holds no stash.', { hint });
}

function notRecovered(timeoutMs: number, confidants: StashStatus['confidants']): MeshBackupError {
  return new MeshBackupError(
    'NO_STASH',
    `The nara holds no stash, and got none back within ${timeoutMs / 1000} s.`,
    {
      hint: `${countOnline(confidants)}. Later, or with a longer --recover-timeout, it may.`,
      retryable: true,
    },
  );
}

function countOnline(confidants: StashStatus['confidants']): string {
  const online = confidants.filter(({ isOnline }) => isOnline !== false).length;
  return `It knows ${confidants.length} confidants, ${online} of them online`;
}
