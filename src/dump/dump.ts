import { MeshBackupError } from '../errors.ts';
import { eventBytes, type EventView } from '../event/event-view.ts';
import { KeyRing } from '../event/keyring.ts';
import type { Copy } from '../merge/copies.ts';
import { emptyTally, merge, type MergeOptions } from '../merge/merge.ts';
import type { Run } from '../merge/run.ts';
import { RunPool, type RunPoolOptions } from '../merge/run-pool.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import type { Requester } from '../mesh/request-signing.ts';
import type { WalkBounds } from '../sync/walk-peer.ts';
import type { WalkReport } from '../sync/walk-report.ts';
import { fetchAll } from './fetch.ts';
import { compileFilter, type EventFilter } from './filter.ts';
import { Intake, type RecordSink } from './intake.ts';
import { readKnownEvents } from './known-events.ts';
import type { DumpSummary, EventCounts } from './summary.ts';

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
  /** A backup whose events are not to be written again; it need not exist. */
  readonly idsFrom?: string | undefined;
  /** Memory for what was fetched, and where the rest goes until it is merged. */
  readonly memory?: RunPoolOptions;
  /** What is written goes to the end of that very file: a torn last line is closed off first. */
  readonly appendsToKnown?: boolean;
  /** Write events whose ID does not fit, too. */
  readonly keepMisfits: boolean;
  readonly quarantine?: RecordSink | undefined;
  readonly variants?: RecordSink | undefined;
  /** Takes whole lines, in order; called again when it has resolved. */
  readonly write: (lines: Buffer) => Promise<void>;
  /** Ends the fetching; what was fetched is merged and written all the same. */
  readonly signal: AbortSignal;
  readonly observer?: DumpObserver;
}

/**
 * Walks each peer and merges what they gave into one stream: by `ts`, each event once, in its best copy, byte for byte.
 * A peer that fails costs only what it did not give, and is named in the summary. Throws for our own files and the
 * output only (`FILE_UNREADABLE`, `FILE_UNWRITABLE`, and whatever `write` throws).
 */
export async function dump(options: DumpOptions): Promise<DumpSummary> {
  const startedMs = Date.now();
  const keys = new KeyRing();
  const pool = new RunPool(options.memory);
  try {
    const known =
      options.idsFrom === undefined ? undefined : await readKnownEvents(options.idsFrom, keys, pool);
    const counts = emptyCounts();
    const intake = new Intake({
      ...options,
      keys,
      counts,
      passes: compileFilter(options.filter),
      quarantine: options.quarantine,
      nowNs: BigInt(startedMs) * 1_000_000n,
    });
    const fetched = await fetchAll(options, intake, pool, keys);
    options.observer?.merging?.();
    const runs = [...fetched.flatMap((one) => one.runs), ...(known?.runs ?? [])];
    const write = known?.endsTorn && options.appendsToKnown ? closingOff(options.write) : options.write;
    const merging = { pool, keys, tally: emptyTally() };
    const bytesWritten = await writeMerged(runs, merging, counts, { ...options, write });
    assertAllAccountedFor(counts);
    return {
      peers: fetched.map(({ report }) => report),
      events: counts,
      suspects: intake.suspects,
      bytesWritten,
      elapsedMs: Date.now() - startedMs,
      knownDamaged: known?.damaged ?? 0,
    };
  } finally {
    pool.close();
  }
}

async function writeMerged(
  runs: readonly Run[],
  merging: MergeOptions,
  counts: EventCounts,
  { variants, write, observer }: DumpOptions,
): Promise<number> {
  const onVariant = (loser: Copy, winner: Copy): Promise<void> | undefined =>
    variants?.add({
      class: 'variant',
      reason: 'differs from the copy that was written',
      id: winner.event.id,
      peer: Array.from(loser.origins, ({ label }) => label)
        .sort()
        .join(', '),
      bytes: eventBytes(loser.event).toString('base64'),
    });
  let bytes = 0;
  for await (const events of merge(runs, { ...merging, onVariant })) {
    const lines = joinLines(events);
    await write(lines);
    bytes += lines.length;
    observer?.written?.(events.length, lines.length);
  }
  const { written, duplicate, better, variants: variantCount } = merging.tally;
  Object.assign(counts, { written, duplicate, better, variants: variantCount });
  return bytes;
}

/** Ends the line that an earlier run left torn, with the first lines that follow it. */
function closingOff(write: DumpOptions['write']): DumpOptions['write'] {
  let isFirst = true;
  return async (lines) => {
    await write(isFirst ? Buffer.concat([LINE_FEED, lines]) : lines);
    isFirst = false;
  };
}

const LINE_FEED = Buffer.from('\n');

function joinLines(events: readonly EventView[]): Buffer {
  return Buffer.concat(events.flatMap((event) => [eventBytes(event), LINE_FEED]));
}

/** Promise 1: nothing is lost in silence. */
function assertAllAccountedFor({ read, written, duplicate, quarantined, filtered }: EventCounts): void {
  if (read === written + duplicate + quarantined + filtered) return;
  throw new MeshBackupError(
    'INTERNAL',
    `${read} events read, but ${written} written + ${duplicate} duplicate + ${quarantined} quarantined + ${filtered} filtered`,
  );
}

function emptyCounts(): EventCounts {
  return {
    read: 0,
    written: 0,
    duplicate: 0,
    quarantined: 0,
    filtered: 0,
    better: 0,
    variants: 0,
    misfit: 0,
    hostile: 0,
    unknownService: 0,
    ambiguous: 0,
    future: 0,
  };
}
