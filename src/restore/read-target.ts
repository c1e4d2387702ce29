import { MeshBackupError } from '../errors.ts';
import type { EventMemo } from '../event/event-memo.ts';
import type { EventView } from '../event/event-view.ts';
import { PublicKey } from '../identity/keypair.ts';
import type { PeerHttp } from '../mesh/http.ts';
import type { Requester } from '../mesh/request-signing.ts';
import { DEFAULT_WALK_BOUNDS, walkPeer } from '../sync/walk-peer.ts';

export interface TargetReaderOptions {
  readonly http: PeerHttp;
  readonly url: URL;
  /** The nara itself: every nara knows its own key. */
  readonly requester: Requester;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A stretch of time, unix nanoseconds; `undefined` is from the start, or to the end. */
export interface TimeWindow {
  readonly sinceNs?: bigint;
  /** Exclusive. */
  readonly untilNs?: bigint;
}

/** So long may a whole ledger take: the largest are given in a minute over a fast line. */
const TIMEOUT_MS = 30 * 60_000;

/** Reads the target's own ledger, with the walk of the dump. Each answer must be signed by the nara itself. */
export class TargetReader {
  readonly #options: TargetReaderOptions;

  constructor(options: TargetReaderOptions) {
    this.#options = options;
  }

  /**
   * Reads what the ledger holds of a time, whole or not at all: `take` gets the events of each answer, overlaps and
   * hostile ones among them; views of a memo are good as long as it says, others until the next call.
   * Throws `TARGET_UNREADABLE`, `TARGET_CLOCK`, and the signal's reason.
   */
  async read(
    take: (events: readonly EventView[]) => void,
    signal: AbortSignal,
    { sinceNs, untilNs }: TimeWindow = {},
    memo?: EventMemo,
  ): Promise<void> {
    const { http, url, requester, now } = this.#options;
    const publicKey = PublicKey.parse(requester.keypair.publicKey);
    const walk = walkPeer(
      { url, name: requester.name, publicKey },
      {
        ...DEFAULT_WALK_BOUNDS,
        timeoutMs: TIMEOUT_MS,
        http,
        requester,
        ...(memo && { memo }),
        sinceNs,
        untilNs,
        services: undefined,
        acceptUnsigned: false,
        checkpoints: false,
        signal,
        now,
      },
    );
    for await (const { events } of walk.pages) take(events);
    for await (const { events } of walk.again() ?? []) take(events);
    signal.throwIfAborted();
    const [flaw] = walk.report.flaws;
    if (flaw !== undefined) throw unreadable(flaw.error);
  }
}

function unreadable({ code, message, retryable }: MeshBackupError): MeshBackupError {
  if (code === 'PEER_CLOCK') {
    return new MeshBackupError('TARGET_CLOCK', `Its ledger cannot be read: ${message}`, {
      hint: "Set the clock that is wrong: 30 seconds are allowed. --clock-fix signs with the target's time instead.",
    });
  }
  return new MeshBackupError('TARGET_UNREADABLE', `Its ledger cannot be read: ${message} (${code})`, {
    hint: 'Nothing was sent: re-sending what a nara has can cost it history. --blind sends without looking.',
    retryable,
  });
}
