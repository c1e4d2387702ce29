import pLimit from 'p-limit';
import { MeshBackupError } from '../errors.ts';
import { eventBytes, type EventView } from '../event/event-view.ts';
import { KeyRing } from '../event/keyring.ts';
import { PublicKey } from '../identity/keypair.ts';
import { emptyTally, merge } from '../merge/merge.ts';
import { RunBuilder, type Run } from '../merge/run.ts';
import type { Copy } from '../merge/copies.ts';
import { PeerHttp } from '../mesh/http.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import type { Requester } from '../mesh/request-signing.ts';
import { walkPeer, type WalkBounds } from '../sync/walk-peer.ts';
import type { WalkReport } from '../sync/walk-report.ts';
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
  /** A backup whose events are not to be written again; it need not exist. */
  readonly idsFrom?: string | undefined;
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
  const known = options.idsFrom === undefined ? undefined : await readKnownEvents(options.idsFrom, keys);
  const counts = emptyCounts();
  const intake = new Intake({
    ...options,
    keys,
    counts,
    passes: compileFilter(options.filter),
    quarantine: options.quarantine,
    nowNs: BigInt(startedMs) * 1_000_000n,
  });
  const walked = await walkAll(options, intake);
  for (const { report } of walked) learnPeerKey(keys, report);

  options.observer?.merging?.();
  const runs = walked.map(({ run }) => run);
  if (known !== undefined) runs.push(known.run);
  const write = known?.endsTorn && options.appendsToKnown ? closingOff(options.write) : options.write;
  const bytesWritten = await writeMerged(runs, keys, counts, { ...options, write });
  assertAllAccountedFor(counts);
  return {
    peers: walked.map(({ report }) => report),
    events: counts,
    suspects: intake.suspects,
    bytesWritten,
    elapsedMs: Date.now() - startedMs,
    knownDamaged: known?.damaged ?? 0,
  };
}

interface Walked {
  readonly report: WalkReport;
  readonly run: Run;
}

async function walkAll(options: DumpOptions, intake: Intake): Promise<Walked[]> {
  const http = new PeerHttp(options.connectTimeoutMs);
  try {
    const limit = pLimit(options.workers);
    return await Promise.all(options.peers.map((peer) => limit(() => walkOne(peer, http, options, intake))));
  } finally {
    await http.close();
  }
}

async function walkOne(
  peer: PeerAddress,
  http: PeerHttp,
  options: DumpOptions,
  intake: Intake,
): Promise<Walked> {
  const { observer, filter, bounds, requester, acceptUnsigned, signal } = options;
  const { pages, report } = walkPeer(peer, {
    ...bounds,
    http,
    requester,
    acceptUnsigned,
    signal,
    sinceNs: filter.sinceNs,
    untilNs: filter.untilNs,
    services: filter.services.length === 0 ? undefined : filter.services,
    now: Date.now,
  });
  const builder = new RunBuilder();
  observer?.peerStarted?.(report);
  for await (const events of pages) {
    await intake.take(events, report.label, builder);
    observer?.peerAdvanced?.(report);
  }
  observer?.peerEnded?.(report);
  const holder = report.proven ? report.publicKey : undefined;
  return { report, run: builder.finish({ label: report.label, holder, role: 'source' }) };
}

/** A peer whose answers verify has shown that it holds its key; the name is what it calls itself. */
function learnPeerKey(keys: KeyRing, { proven, claimedName, publicKey }: WalkReport): void {
  const key = proven && publicKey !== undefined ? PublicKey.parse(publicKey) : undefined;
  if (key !== undefined && claimedName !== undefined) keys.add(claimedName, key);
}

async function writeMerged(
  runs: readonly Run[],
  keys: KeyRing,
  counts: EventCounts,
  { variants, write, observer }: DumpOptions,
): Promise<number> {
  const tally = emptyTally();
  let bytes = 0;
  const onVariant = (loser: Copy, winner: Copy): Promise<void> | undefined =>
    variants?.add({
      class: 'variant',
      reason: 'differs from the copy that was written',
      id: winner.event.id,
      peer: [...loser.givenBy].sort().join(', '),
      bytes: eventBytes(loser.event).toString('base64'),
    });
  for await (const events of merge(runs, { keys, tally, onVariant })) {
    const lines = joinLines(events);
    await write(lines);
    bytes += lines.length;
    observer?.written?.(events.length, lines.length);
  }
  const { written, duplicate, better, variants: variantCount } = tally;
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
