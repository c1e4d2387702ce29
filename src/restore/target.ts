import { MeshBackupError } from '../errors.ts';
import type { EventView } from '../event/event-view.ts';
import type { KeyRing } from '../event/keyring.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { Send } from '../mesh/fetch-json.ts';
import type { PeerConnection } from '../mesh/http.ts';
import { fetchPing } from '../mesh/ping.ts';
import type { RunPool } from '../merge/run-pool.ts';
import type { Candidate } from './candidates.ts';
import { HeldLedger } from './held-ledger.ts';
import { TargetReader } from './read-target.ts';
import type { RestoreOptions } from './restore-options.ts';
import type { TargetClock } from './target-clock.ts';
import { fetchEventTotal, fetchNaraFacts, type NaraFacts } from '../mesh/nara-facts.ts';

const IDLE_MS = 30_000;
const TOTAL_MS = 5_000;
/** What a header can carry: the name is signed in one. */
const HEADER_NAME = /^\P{Cc}+$/u;

/** The nara that a backup is restored into, as far as it is asked and not told. */
export class Target {
  readonly #options: RestoreOptions;
  readonly #url: URL;
  readonly #clock: TargetClock;
  readonly #signal: AbortSignal;
  readonly #onProgress: () => void;
  readonly #connection: PeerConnection;
  #facts: NaraFacts | undefined;
  #name: string | undefined;
  /** As it told last. */
  #startedS: number | undefined;

  /** `signal` ends whatever is asked; `onProgress` is told of each answer with events. */
  constructor(
    url: URL,
    clock: TargetClock,
    options: RestoreOptions,
    { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: () => void },
  ) {
    this.#onProgress = onProgress;
    this.#options = options;
    this.#url = url;
    this.#clock = clock;
    this.#signal = signal;
    this.#connection = options.http.connect(url);
  }

  /** `undefined`: it does not tell. */
  get facts(): NaraFacts | undefined {
    return this.#facts;
  }

  /** `undefined`: nobody told. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Asks what it is. What it does not tell is no failure. Throws as `PeerConnection.send` does. */
  async meet(): Promise<void> {
    await this.refresh();
    const { name = this.#facts?.name ?? (await ifTold(fetchPing(this.#send)))?.from } = this.#options;
    this.#name = name !== undefined && HEADER_NAME.test(name) ? name : undefined;
  }

  /** Asks anew what changes: who is online, when it started. Returns whether it has started since it was asked last. */
  async refresh(): Promise<boolean> {
    this.#facts = await ifTold(fetchNaraFacts(this.#send, this.#clock.now()));
    const before = this.#startedS;
    this.#startedS = this.#facts?.startedS ?? before;
    return before !== undefined && this.#startedS !== before;
  }

  /**
   * Reads the whole ledger. With a pool, its events become runs there, and its greetings teach the ring.
   * Throws `TARGET_UNREADABLE`, `TARGET_CLOCK`, the signal's reason, and as `RunPool.relieve` does.
   */
  async look(keep?: { readonly pool: RunPool; readonly keys: KeyRing }): Promise<HeldLedger> {
    const held = new HeldLedger();
    const builder = keep?.pool.builder({ label: this.#url.href, holder: undefined, role: 'source' });
    const take = (events: readonly EventView[]): void => {
      this.#onProgress();
      for (const event of events) {
        held.add(event);
        if (event.hostile !== undefined) continue; // it may hold line breaks
        keep?.keys.learn(event);
        builder?.add(event);
      }
      keep?.pool.relieve();
    };
    await this.#reader().read(take, this.#signal, {}, keep?.pool.memo);
    return held;
  }

  /** Which of these events it lacks, read back from the stretch of time that they span. Throws as `look` does. */
  async lacking(events: readonly Candidate[]): Promise<readonly Candidate[]> {
    const times = events.map(({ tsNs }) => tsNs).sort((a, b) => (a < b ? -1 : 1));
    const window = { sinceNs: times[0]!, untilNs: times.at(-1)! + 1n };
    const there = new Set<string>();
    const take = (given: readonly EventView[]): void => {
      this.#onProgress();
      for (const { id } of given) there.add(id);
    };
    await this.#reader().read(take, this.#signal, window);
    return events.filter(({ id }) => !there.has(id));
  }

  /** How many events the ledger holds; `undefined`: it does not tell, or not at once. Never throws. */
  async total(): Promise<number | undefined> {
    const deadline = new Deadline(this.#signal, TOTAL_MS, () => new Error('too late'));
    try {
      return await fetchEventTotal((request) => this.#ask(request, deadline.signal));
    } catch {
      return undefined;
    } finally {
      deadline.end();
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #reader(): TargetReader {
    const { http, keypair } = this.#options;
    if (this.#name === undefined) {
      throw new MeshBackupError(
        'TARGET_UNREADABLE',
        'Its ledger cannot be read: it does not tell its name.',
        {
          hint: 'Give the name with --name. --blind sends without looking.',
        },
      );
    }
    const requester = { name: this.#name, keypair };
    return new TargetReader({ http, url: this.#url, requester, now: this.#clock.now });
  }

  readonly #send: Send = (request) => this.#ask(request, this.#signal);

  #ask(request: Parameters<Send>[0], signal: AbortSignal): ReturnType<Send> {
    return this.#connection.send({ ...request, idleTimeoutMs: IDLE_MS, signal });
  }
}

/** What a server is too busy to tell is not told. */
async function ifTold<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'PEER_STATUS') return undefined;
    throw error;
  }
}
