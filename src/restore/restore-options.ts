import type { MeshBackupError } from '../errors.ts';
import type { EventFilter } from '../event/filter.ts';
import type { PinnedKey } from '../event/key-list.ts';
import type { Keypair } from '../identity/keypair.ts';
import type { LineFile } from '../jsonl/line-file.ts';
import type { RecordSink } from '../jsonl/record-sink.ts';
import type { PeerHttp } from '../mesh/http.ts';
import type { BatchBounds } from './batch-size.ts';
import type { BrokenLine } from './read-input.ts';
import type { NaraFacts } from '../mesh/nara-facts.ts';

/** Told what happens while it happens. */
export interface RestoreObserver {
  /** Lines that hold an event so far, and bytes as they lie in the files. */
  read?(events: number, bytes: number): void;
  broken?(line: BrokenLine): void;
  /** The server is another one of the same host. */
  redirected?(url: URL): void;
  /** A file could not be read whole. */
  damaged?(reason: string): void;
  clockFixed?(offsetMs: number): void;
  /** `undefined`: the target tells nothing of itself. */
  met?(facts: NaraFacts | undefined): void;
  /** The target is younger than it should be. Milliseconds; called again while we wait. */
  settling?(leftMs: number, isWaiting: boolean): void;
  lookedAt?(events: number): void;
  saved?(path: string, events: number): void;
  planned?(events: number): void;
  /** `done` events were answered for before, and `bytes` are under way or were. */
  batch?(batch: {
    readonly number: number;
    readonly events: number;
    readonly done: number;
    readonly bytes: number;
  }): void;
  trouble?(error: MeshBackupError): void;
  rejected?(id: string, reason: string): void;
  /** A later look begins in so many milliseconds. */
  waiting?(leftMs: number): void;
  confirming?(): void;
}

export interface RestoreOptions {
  readonly http: PeerHttp;
  readonly url: URL;
  readonly keypair: Keypair;
  /** The nara's name, where the target does not tell it. */
  readonly name?: string | undefined;
  /** Open; whoever opened them closes them. */
  readonly files: readonly LineFile[];
  readonly strict: boolean;
  /** Memory for what waits for the merge, in bytes; the rest goes to a file. Default 32 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Where temporary files lie. Default: the system's place for such things. */
  readonly folder?: string | undefined;

  readonly filter: EventFilter;
  readonly proof: 'id' | 'signed';
  readonly pinnedKeys: readonly PinnedKey[];
  readonly includeMisfits: boolean;
  readonly includeFuture: boolean;
  /** Send also what can put a name's history under the target's clean-up. */
  readonly withPresence: boolean;
  readonly overfill: boolean;
  /** Infinity: all. */
  readonly limit: number;

  /** Send without looking at what the target holds. */
  readonly blind: boolean;
  readonly clockFix: boolean;
  /** Whether the target's time may be believed over this line. */
  readonly isClockFixSafe: (url: URL) => boolean;
  /** Where what the target holds is saved first; `undefined`: nowhere. */
  readonly preRestore: string | undefined;
  /** What to do about a target that has not run for `settleMs`. */
  readonly settle: 'wait' | 'warn' | 'no';
  readonly settleMs?: number;
  /** Stop before anything is changed. */
  readonly dryRun: boolean;

  readonly batch: BatchBounds;
  /** A target that may be at work on a batch that it did not answer is done when so long nothing is added. Default 2 s. */
  readonly quietMs?: number;
  readonly requestTimeoutMs: number;
  /** For the whole; `undefined`: 5 minutes without progress. */
  readonly timeoutMs: number | undefined;
  readonly rejects: RecordSink | undefined;

  /** Read back what arrived. */
  readonly confirm: boolean;
  /** Read back again after so long, and send once more what is missing. */
  readonly confirmAfterMs: number | undefined;
  /** Ends the sending between two batches. */
  readonly signal: AbortSignal;
  readonly observer?: RestoreObserver;
}

/** What the command does where nobody says otherwise, but for saving what the target holds: for that a place is needed. */
export const RESTORE_DEFAULTS = {
  strict: false,
  filter: { services: [], naras: [] },
  proof: 'id',
  pinnedKeys: [],
  includeMisfits: false,
  includeFuture: false,
  withPresence: false,
  overfill: false,
  limit: Infinity,
  blind: false,
  clockFix: false,
  isClockFixSafe: () => false,
  preRestore: undefined,
  settle: 'wait',
  dryRun: false,
  batch: { maxEvents: 2000, maxBytes: 8 * 1024 * 1024 },
  requestTimeoutMs: 300_000,
  timeoutMs: undefined,
  rejects: undefined,
  confirm: true,
  confirmAfterMs: undefined,
} as const satisfies Omit<RestoreOptions, 'http' | 'url' | 'keypair' | 'files' | 'signal'>;
