import type { EventMemo } from '../event/event-memo.ts';
import type { PeerHttp } from '../mesh/http.ts';
import type { MeshHeaders, Requester } from '../mesh/request-signing.ts';
import type { PublicKey } from '../identity/keypair.ts';
import type { SyncAnswer } from './answer.ts';

/** How often a request that failed for now is sent again, and how long is waited before. */
export interface RetryBounds {
  /** Of one request, the first among them. */
  readonly maxTries: number;
  /** Doubled with each try, shortened by up to a half at random; a `Retry-After` counts instead. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/** The bounds of one peer's walk. */
export interface WalkBounds {
  /** Wall clock over all requests to the peer, those of a second try among them. */
  readonly timeoutMs: number;
  /** Without a byte for so long a request ends: before the peer's first answer, and after it. */
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Events a page, 1 to 5000. */
  readonly pageSize: number;
  readonly maxPageBytes: number;
  /** A peer that gives more is left with `PEER_ENDLESS`; overlaps do not count. */
  readonly maxPeerEvents: number;
  readonly maxPeerBytes: number;
  readonly retry: RetryBounds;
}

export const DEFAULT_WALK_BOUNDS: WalkBounds = {
  timeoutMs: 180_000,
  firstByteTimeoutMs: 60_000,
  idleTimeoutMs: 30_000,
  pageSize: 2000,
  maxPageBytes: 64 * 1024 * 1024,
  maxPeerEvents: 1_000_000,
  maxPeerBytes: 1024 * 1024 * 1024,
  retry: { maxTries: 4, firstDelayMs: 500, maxDelayMs: 20_000 },
};

/** Does something while a peer may ask us for our key; `onTold` is called when it did. */
export type Introduce = <T>(ask: () => Promise<T>, onTold: () => void) => Promise<T>;

/** An answer whose headers are signed by the peer's key, over the whole body: what it gives, it gave. */
export interface SignedAnswer {
  readonly key: PublicKey;
  readonly headers: MeshHeaders;
  /** As it came. */
  readonly body: Buffer;
  readonly answer: SyncAnswer;
  /** The body of our request. Nothing in the answer says that this is what was asked. */
  readonly request: string;
}

export interface WalkOptions extends WalkBounds {
  readonly http: PeerHttp;
  readonly requester: Requester;
  /** Events that were seen before, from whichever peer: they are not scanned again. Whoever gives it bounds it. */
  readonly memo?: EventMemo;
  /** Unix nanoseconds, inclusive and exclusive. */
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  /** Asked of the server; `undefined`: all. */
  readonly services: readonly string[] | undefined;
  readonly acceptUnsigned: boolean;
  /** Ask for `/api/checkpoints/all`, too, which needs no authentication. */
  readonly checkpoints: boolean;
  /** Asked once, with the key that the peer shows: whether what it holds is had already. Then it has only to prove the key. */
  readonly isHad?: (publicKey: string) => boolean;
  /** Told of each signed answer, also of one that ends the walk; what it is given is good until it returns. It must not throw. */
  readonly onAnswer?: ((answer: SignedAnswer) => void) | undefined;
  /** Lets a peer that does not know us ask for our key while `ask` is done; only called for such a peer, once. */
  readonly introduce?: Introduce | undefined;
  /** Ends the walk; its reason is reported as the flaw. */
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** What of them all requests to a peer are bound by, signed or not. */
export type SessionOptions = Pick<
  WalkOptions,
  'http' | 'timeoutMs' | 'maxPeerEvents' | 'maxPeerBytes' | 'retry' | 'signal' | 'now'
>;

/** What of them signed requests need beside that. */
export type SyncOptions = Pick<
  WalkOptions,
  | 'requester'
  | 'firstByteTimeoutMs'
  | 'idleTimeoutMs'
  | 'maxPageBytes'
  | 'memo'
  | 'acceptUnsigned'
  | 'introduce'
  | 'onAnswer'
  | 'now'
>;
