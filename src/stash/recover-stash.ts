import { MeshBackupError } from '../errors.ts';
import { Deadline } from '../mesh/deadline.ts';
import { pause } from '../mesh/pause.ts';
import { confidantsText } from './confidants.ts';
import type { FetchedStash, FetchStashOptions } from './fetch-stash.ts';
import type { StashClient } from './stash-client.ts';
import type { StashStatus } from './stash-status.ts';

const FIRST_LOOK_MS = 200;
const LOOK_MS = 1_000;
/** Towards the end it looks more often, so that the last look is not long before it. */
const LEAST_LOOK_MS = 50;

/**
 * Has a nara that holds no stash ask its confidants (`known`, as it says), and waits for one. What may do better in a
 * moment does not end it. Throws `NO_STASH`, and as the client does, for what went wrong last when the time is over.
 */
export async function recoverStash(
  client: StashClient,
  known: StashStatus['confidants'],
  { recoverTimeoutMs: timeoutMs, signal, onRecovering }: FetchStashOptions,
): Promise<FetchedStash> {
  const deadline = new Deadline(signal, timeoutMs, () => new MeshBackupError('PEER_SILENT', 'no time left'));
  const endMs = performance.now() + timeoutMs;
  let confidants = known;
  let failure: MeshBackupError | undefined;
  /** `undefined`: it went wrong, and may not the next time. */
  const attempt = async <T>(step: Promise<T>): Promise<{ readonly result: T } | undefined> => {
    try {
      return { result: await step };
    } catch (error) {
      if (deadline.signal.aborted || !(error instanceof MeshBackupError) || !error.retryable) throw error;
      failure = error;
      return undefined;
    }
  };
  try {
    let isAsked = false;
    for (let look = 0; ; look++) {
      // An answer that was lost says nothing: it may have been asked all the same.
      if (!isAsked) isAsked = (await attempt(askConfidants(client, deadline.signal))) !== undefined;
      if (look === 0) onRecovering?.(known.length);
      const leftMs = endMs - performance.now();
      const waitMs = Math.min(look === 0 ? FIRST_LOOK_MS : LOOK_MS, leftMs / 2);
      await pause(Math.max(LEAST_LOOK_MS, waitMs), deadline.signal);
      const status = (await attempt(client.status(deadline.signal)))?.result;
      if (status?.stash !== undefined) {
        return { ...status.stash, confidants: status.confidants, isRecovered: true };
      }
      if (status !== undefined) ({ confidants } = status);
      if (status !== undefined && isAsked) failure = undefined;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw deadline.signal.aborted ? (failure ?? notRecovered(timeoutMs, confidants)) : error;
  } finally {
    deadline.end();
  }
}

async function askConfidants(client: StashClient, signal: AbortSignal): Promise<void> {
  const answer = await client.recover(signal);
  if (answer?.success !== false) return;
  throw new MeshBackupError('NO_STASH', `The nara holds no stash, and recovers none: ${answer.message}`);
}

function notRecovered(timeoutMs: number, confidants: StashStatus['confidants']): MeshBackupError {
  return new MeshBackupError(
    'NO_STASH',
    `The nara holds no stash, and got none back within ${timeoutMs / 1000} s.`,
    {
      hint: `It knows ${confidantsText(confidants)}. Later, or with a longer --recover-timeout, it may.`,
      retryable: true,
    },
  );
}
