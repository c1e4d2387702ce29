import { tmpdir } from 'node:os';
import { compileFilter } from '../event/filter.ts';
import { KeyRing } from '../event/keyring.ts';
import { emptyTally, merge } from '../merge/merge.ts';
import { DEFAULT_MEMORY_BYTES, RunPool } from '../merge/run-pool.ts';
import { unlessAborted } from '../mesh/unless-aborted.ts';
import { Allotment } from './allotment.ts';
import { Candidates } from './candidates.ts';
import { gatherCandidates } from './gather-candidates.ts';
import { HeldLedger } from './held-ledger.ts';
import { ImportClient } from './import-client.ts';
import { proveSoul } from './prove-soul.ts';
import { readInput, type InputContent } from './read-input.ts';
import type { RestoreOptions } from './restore-options.ts';
import { summarize, type RestoreSummary } from './restore-summary.ts';
import { saveLedger } from './save-ledger.ts';
import { Sending } from './sending.ts';
import { settle } from './settle.ts';
import { shareOut } from './shares.ts';
import { TargetClock } from './target-clock.ts';
import { Target } from './target.ts';
import { TimeBudget } from './time-budget.ts';

/**
 * Brings backups into a nara: proves the soul, looks at what the nara holds, sends what it lacks and will keep, and reads
 * back what arrived. What goes wrong before the first event is sent is thrown, what goes wrong later is in the summary.
 * Throws `TARGET_…`, `PEER_…` (no connection), `RESTORE_TIMEOUT`, `FILE_…`, `NO_ROOM`, `TEMPORARY_FILE`, and the signal's
 * reason.
 */
export async function restore(options: RestoreOptions): Promise<RestoreSummary> {
  const job = new RestoreJob(options);
  try {
    return await job.run();
  } finally {
    await job.close();
  }
}

class RestoreJob {
  readonly #options: RestoreOptions;
  readonly #startedMs = Date.now();
  readonly #budget: TimeBudget;
  /** Ends whatever is under way, but not a batch: that only the budget ends. */
  readonly #signal: AbortSignal;
  readonly #clock = new TargetClock();
  readonly #client: ImportClient;
  readonly #keys = new KeyRing();
  readonly #inputPool: RunPool;
  readonly #targetPool: RunPool;
  readonly #candidates: Candidates;
  #target: Target | undefined;

  constructor(options: RestoreOptions) {
    const { http, url, keypair, requestTimeoutMs, pinnedKeys } = options;
    const { memoryBytes = DEFAULT_MEMORY_BYTES, folder = tmpdir() } = options;
    this.#options = options;
    this.#budget = new TimeBudget(options.timeoutMs);
    this.#signal = AbortSignal.any([options.signal, this.#budget.signal]);
    this.#client = new ImportClient({ http, url, keypair, clock: this.#clock, requestTimeoutMs });
    for (const { name, key, id } of pinnedKeys) this.#keys.pin(name, key, id);
    this.#inputPool = new RunPool({ memoryBytes: memoryBytes / 2, folder });
    this.#targetPool = new RunPool({ memoryBytes: memoryBytes / 2, folder });
    this.#candidates = new Candidates(folder);
  }

  async run(): Promise<RestoreSummary> {
    const target = (this.#target = await this.#meet());
    const input = await this.#read();
    const seen = input.runs.length > 0 ? await this.#look(target) : undefined;
    const held = seen ?? new HeldLedger();
    const gathered = await this.#gather(input, held);
    const allotment = this.#allot(held);
    this.#options.observer?.planned?.(allotment.size);

    const isSending = allotment.size > 0 && !this.#options.dryRun;
    const savedTo = isSending && seen !== undefined ? await this.#save() : undefined;
    const sending = new Sending({
      ...this.#options,
      client: this.#client,
      budget: this.#budget,
      target,
      candidates: this.#candidates,
      allotment,
      allot: (again) => this.#allot(again),
    });
    if (isSending) await sending.run();
    return summarize({
      url: this.#client.url.href,
      name: target.name,
      input,
      gathered,
      allotment,
      shares: shareOut(allotment.events()),
      target: { held: seen?.size, capacity: target.facts?.capacity, savedTo },
      sending,
      total: isSending && sending.trouble === undefined ? await target.total() : undefined,
      isDryRun: this.#options.dryRun,
      elapsedMs: Date.now() - this.#startedMs,
    });
  }

  async close(): Promise<void> {
    this.#budget.end();
    this.#inputPool.close();
    this.#targetPool.close();
    this.#candidates.close();
    await this.#target?.close();
    await this.#client.close();
  }

  /** Proves soul and clock before anything else is done. */
  async #meet(): Promise<Target> {
    const { clockFix, isClockFixSafe, observer, url } = this.#options;
    await proveSoul({
      client: this.#client,
      clock: this.#clock,
      clockFix,
      isClockFixSafe,
      onClockFixed: (offsetMs) => observer?.clockFixed?.(offsetMs),
      signal: this.#signal,
    });
    if (this.#client.url.href !== url.href) observer?.redirected?.(this.#client.url);
    const onProgress = (): void => {
      this.#budget.progressed();
    };
    const target = new Target(this.#client.url, this.#clock, this.#options, {
      signal: this.#signal,
      onProgress,
    });
    await target.meet();
    observer?.met?.(target.facts);
    return target;
  }

  async #read(): Promise<InputContent> {
    const { files, strict, includeMisfits, observer } = this.#options;
    const reading = readInput(files, {
      keys: this.#keys,
      pool: this.#inputPool,
      strict,
      includeMisfits,
      onBroken: (line) => observer?.broken?.(line),
      onRead: (events, bytes) => {
        this.#signal.throwIfAborted();
        this.#budget.progressed();
        observer?.read?.(events, bytes);
      },
    });
    const input = await unlessAborted(reading, this.#signal);
    for (const reason of input.damage) observer?.damaged?.(reason);
    return { ...input, runs: [...input.runs, ...this.#inputPool.finish()] };
  }

  /** What the target holds once it has settled; `undefined`: nobody looks. */
  async #look(target: Target): Promise<HeldLedger | undefined> {
    const { blind, observer } = this.#options;
    await this.#budget.standingStill(() => settle(target.facts, this.#options));
    await target.refresh(); // who is online may have changed much
    if (blind) return undefined;
    const held = await target.look({ pool: this.#targetPool, keys: this.#keys });
    observer?.lookedAt?.(held.size);
    return held;
  }

  async #gather({ runs, claimedIds }: InputContent, held: HeldLedger): ReturnType<typeof gatherCandidates> {
    const { filter, ...options } = this.#options;
    const rules = {
      ...options,
      passes: compileFilter(filter),
      keys: this.#keys,
      held,
      ownName: this.#target?.name,
      online: this.#target?.facts?.online,
      offline: this.#target?.facts?.offline,
      nowNs: BigInt(this.#clock.now()) * 1_000_000n,
    };
    const pool = this.#inputPool;
    const onProgress = (): void => {
      this.#signal.throwIfAborted();
      this.#budget.progressed();
    };
    const candidates = this.#candidates;
    return gatherCandidates(runs, { pool, keys: this.#keys, rules, candidates, claimedIds, onProgress });
  }

  #allot(held: HeldLedger): Allotment {
    const { overfill, limit } = this.#options;
    const capacity = this.#target?.facts?.capacity;
    return new Allotment(this.#candidates, held, { capacity, overfill, limit });
  }

  /** Where what the target holds was saved to. */
  async #save(): Promise<string | undefined> {
    const { preRestore, observer } = this.#options;
    if (preRestore === undefined) return undefined;
    const pool = this.#targetPool;
    const tally = emptyTally();
    const path = await saveLedger(preRestore, merge(pool.finish(), { pool, keys: this.#keys, tally }));
    observer?.saved?.(path, tally.written);
    return path;
  }
}
