import { MeshBackupError } from '../errors.ts';
import { confidantsText } from './confidants.ts';
import { recoverStash } from './recover-stash.ts';
import type { StashClient } from './stash-client.ts';
import type { HeldStash, StashStatus } from './stash-status.ts';

export interface FetchStashOptions {
  /** Have the nara ask its confidants where it has no stash. */
  readonly recover: boolean;
  /** How long a recovery may take, all requests included. */
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

/** Fetches the stash. Throws `NO_STASH`, which says whether a recovery is worth a try, and as the client does. */
export async function fetchStash(client: StashClient, options: FetchStashOptions): Promise<FetchedStash> {
  const { stash, confidants } = await client.status();
  if (stash !== undefined) return { ...stash, confidants, isRecovered: false };
  if (!options.recover) throw noStash(confidants);
  return recoverStash(client, confidants, options);
}

function noStash(confidants: StashStatus['confidants']): MeshBackupError {
  const hint =
    confidants.length === 0
      ? 'It knows of nobody who keeps one for it: --recover can hardly help, unless it has just started.'
      : `It knows ${confidantsText(confidants)}: --recover asks them to give it back.`;
  return new MeshBackupError('NO_STASH', 'The nara holds no stash.', { hint });
}
