import type { PeerAddress } from '../mesh/peer-list.ts';
import type { ProxySettings } from '../mesh/proxy.ts';
import type { Requester } from '../mesh/request-signing.ts';
import type { Introduce, WalkBounds } from '../sync/walk-peer.ts';
import type { WalkReport } from '../sync/walk-report.ts';
import type { EvidenceFolder } from '../evidence/evidence-folder.ts';
import type { Destination } from './destination.ts';
import type { EventFilter } from '../event/filter.ts';
import type { RecordSink } from '../jsonl/record-sink.ts';

/** Told what happens while it happens. */
export interface DumpObserver {
  /** Peers that came late; they are walked next. */
  peersAdded?(peers: readonly PeerAddress[]): void;
  peerStarted?(report: WalkReport): void;
  /** After each answer; the report has grown. */
  peerAdvanced?(report: WalkReport): void;
  peerEnded?(report: WalkReport): void;
  /** All walks are over; after it only `written` comes. */
  merging?(): void;
  written?(events: number, bytes: number): void;
}

export interface DumpOptions {
  readonly requester: Requester;
  readonly peers: readonly PeerAddress[];
  /** Asked when the walks are over, and again until it gives none: peers that are new since, to be walked, too. */
  readonly latePeers?: (() => Promise<readonly PeerAddress[]>) | undefined;
  /** The way to the peers; default: directly. */
  readonly proxy?: ProxySettings | undefined;
  /** How a peer that does not know us is let ask for our key; `undefined` for one that is to stay ignorant. */
  readonly introduce?: ((peer: PeerAddress) => Introduce | undefined) | undefined;
  /** How many peers are walked at a time. */
  readonly workers: number;
  readonly connectTimeoutMs: number;
  readonly bounds: WalkBounds;
  readonly filter: EventFilter;
  readonly acceptUnsigned: boolean;
  /** Ask every peer for its checkpoints, too, which needs no authentication. */
  readonly checkpoints: boolean;
  /** Memory for what waits for the merge, in bytes; the rest goes to a file. Default 32 MiB. */
  readonly memoryBytes?: number;
  /** Write events whose ID does not fit, too. */
  readonly keepMisfits: boolean;
  readonly quarantine?: RecordSink | undefined;
  readonly variants?: RecordSink | undefined;
  /** Keeps signed answers that prove what peers handed out. Whoever opened it closes it. */
  readonly evidence?: EvidenceFolder | undefined;
  readonly destination: Destination;
  /** Hash what is written, and what was there before. */
  readonly fingerprint?: boolean;
  /** Ends the fetching; what was fetched is merged and written all the same. */
  readonly signal: AbortSignal;
  readonly observer?: DumpObserver;
}
