import type { Door } from './answer.ts';
import type { Fault } from './faults.ts';
import type { IntroductionRule } from './introduction.ts';
import type { StashOptions } from './nara-stash.ts';
import type { Neighbour } from './neighbourhood.ts';
import type { SandboxEvent } from './sandbox-event.ts';
import type { SandboxIdentity } from './sandbox-identity.ts';

export interface NaraOptions {
  /** `makeIdentity` and `readIdentity` make them. */
  readonly identity: SandboxIdentity;
  /** In any order; those of one `ts` keep theirs. They are there, whatever the limits say. Default none. */
  readonly events?: readonly SandboxEvent[];
  readonly faults?: readonly Fault[];
  /** Name → Base64 public key of those it knows besides itself. */
  readonly knownKeys?: ReadonlyMap<string, string>;
  /** Whom it watches over besides itself. Default: the names of `knownKeys`, all of them online. */
  readonly neighbours?: readonly Neighbour[];
  /** How many events its ledger holds; observations come on top. Default 80,000. */
  readonly capacity?: number;
  /** How long it has been up when it is started; under 360 it boots. Default 30 days. */
  readonly ageSeconds?: number;
  /** How long each event of an import takes, as in a full ledger. Default 0. */
  readonly slowMsPerEvent?: number;
  /** Whether the web door takes imports; the mesh door always does. Default true. */
  readonly serveUi?: boolean;
  /** What it keeps for itself; only the web door tells. Default: nothing, and no confidants. */
  readonly stash?: StashOptions;
  /** Default: it lets nobody introduce itself. */
  readonly introduction?: IntroductionRule;
  /** Unix nanoseconds; the default is the system's clock. */
  readonly clock?: () => bigint;
  /** What `/ping` says; nobody is called there. Default `100.64.0.1`. */
  readonly meshIp?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default `mesh`. */
  readonly door?: Door;
}

/** One request that came in, in order of arrival. */
export interface SandboxRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The claimed name; '' without one. */
  readonly name: string;
  readonly body: string;
  /** The status of its answer, 0 as long as it has none. */
  status: number;
}

/** A running nara; read its fields while it runs, and close it. */
export interface SandboxNara {
  readonly name: string;
  /** Base58. */
  readonly soul: string;
  /** Base64. */
  readonly publicKey: string;
  readonly naraId: string;
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string;
  /** What it serves now, lies and imports included, oldest first; a moving one serves another list with each answer. */
  readonly ledger: readonly SandboxEvent[];
  /** What was in its ledger and went, by limits, capacity or clean-up, in the order of going. */
  readonly lost: readonly SandboxEvent[];
  /** The document that it keeps for itself now, as it writes it; `undefined`: none. */
  readonly stash: string | undefined;
  /** Name → Base64 public key, of all it knows now, itself included. */
  readonly keys: ReadonlyMap<string, string>;
  /**
   * The events of every sync answer that was sent to its last byte, in the order of sending, again when given again.
   * Whether a client should believe the answer is another matter.
   */
  readonly given: readonly string[];
  readonly requests: readonly SandboxRequest[];
  /** Runs the clean-up that a real one runs every five minutes. Returns how many events went. */
  readonly cleanUp: () => number;
  /** Cuts open connections; a second call changes nothing. */
  readonly close: () => Promise<void>;
}
