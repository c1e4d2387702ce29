import type { PeerAddress } from '../mesh/peer-list.ts';
import type { Requester } from '../mesh/request-signing.ts';
import type { WalkBounds } from '../sync/walk-peer.ts';
import type { WalkReport } from '../sync/walk-report.ts';
import type { Destination } from './destination.ts';
import type { EventFilter } from '../event/filter.ts';
import type { RecordSink } from '../jsonl/record-sink.ts';

/** Told what happens while it happens. */
export interface DumpObserver {
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
  readonly destination: Destination;
  /** Hash what is written, and what was there before. */
  readonly fingerprint?: boolean;
  /** Ends the fetching; what was fetched is merged and written all the same. */
  readonly signal: AbortSignal;
  readonly observer?: DumpObserver;
}
