import { afterEach } from 'vitest';
import { eventBytes, type EventView } from '../../src/event/event-view.ts';
import { PeerHttp } from '../../src/mesh/http.ts';
import { parsePeer, type PeerAddress } from '../../src/mesh/peer-list.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import type { SandboxEvent } from '../../src/sandbox/sandbox-event.ts';
import { walkPeer, type WalkedPage, type WalkOptions } from '../../src/sync/walk-peer.ts';
import { walkState, type WalkReport, type WalkState } from '../../src/sync/walk-report.ts';
import { startRawServer, type RawAnswer, type RawServer } from '../mesh/raw-server.ts';

/** Ledgers of six pages of 20, bursts across their ends, one burst of 25. */
export const history = makeHistory({ naras: 2, eventsPerNara: 110, pageSize: 20 });
export const [alice, bob] = history.naras as [(typeof history.naras)[number], (typeof history.naras)[number]];
export const truth: readonly SandboxEvent[] = history.ledgers[1]!;

const running: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});

/** bob, with faults, who knows alice; gone after the test. */
export async function startBob(
  faults: readonly string[] = [],
  more: Partial<NaraOptions> = {},
): Promise<SandboxNara> {
  const knownKeys = new Map([[alice.name, alice.publicKey]]);
  const nara = await startNara({
    identity: bob,
    events: truth,
    faults: faults.map(parseFault),
    knownKeys,
    ...more,
  });
  running.push(nara);
  return nara;
}

/** A server that says any bytes; gone after the test. */
export async function serveRaw(answer: RawAnswer): Promise<RawServer> {
  const server = await startRawServer(answer);
  running.push(server);
  return server;
}

export interface Walked {
  readonly report: WalkReport;
  readonly state: WalkState;
  /** The exact text of each event of the ledger that was passed on, overlaps and all. */
  readonly lines: readonly string[];
  readonly checkpointLines: readonly string[];
  /** Whether there was anything to gain by a second try. */
  readonly wentOn: boolean;
  /** Codes of the flaws. */
  readonly codes: readonly string[];
}

export type Changes = Partial<WalkOptions> & {
  readonly onPage?: (events: readonly EventView[]) => void;
  /** Try again at the end, after whatever this does. */
  readonly beforeAgain?: () => void | Promise<void>;
};

export const TEST_OPTIONS = {
  requester: { name: alice.name, keypair: alice },
  sinceNs: undefined,
  untilNs: undefined,
  services: undefined,
  acceptUnsigned: false,
  checkpoints: false,
  now: Date.now,
  timeoutMs: 60_000,
  firstByteTimeoutMs: 50_000,
  idleTimeoutMs: 50_000,
  pageSize: 20,
  maxPageBytes: 1 << 24,
  maxPeerEvents: 1_000_000,
  maxPeerBytes: 1 << 30,
  retry: { maxTries: 3, firstDelayMs: 1, maxDelayMs: 4 },
} satisfies Partial<WalkOptions>;

/** Walks a peer as alice, 20 events a page; time-outs are far off unless a test brings them near. */
export async function walk(peer: PeerAddress | string, changes: Changes = {}): Promise<Walked> {
  const { onPage, beforeAgain, ...options } = changes;
  const http = options.http ?? new PeerHttp({ connectTimeoutMs: 5000 });
  const given: Record<WalkedPage['part'], string[]> = { ledger: [], checkpoints: [] };
  const take = async (pages: AsyncIterable<WalkedPage>): Promise<void> => {
    for await (const { part, events } of pages) {
      for (const event of events) given[part].push(eventBytes(event).toString());
      onPage?.(events);
    }
  };
  try {
    const { pages, report, again } = walkPeer(typeof peer === 'string' ? parsePeer(peer) : peer, {
      signal: new AbortController().signal,
      ...TEST_OPTIONS,
      ...options,
      http,
    });
    await take(pages);
    await beforeAgain?.();
    const more = beforeAgain && again();
    if (more !== undefined) await take(more);
    return {
      report,
      state: walkState(report),
      lines: given.ledger,
      checkpointLines: given.checkpoints,
      wentOn: more !== undefined,
      codes: report.flaws.map(({ error }) => error.code),
    };
  } finally {
    await http.close();
  }
}

/** The sync requests that a nara took, parsed. */
export function asked({
  requests,
}: SandboxNara): { cursor: string; page_size: number; services: string[] | null }[] {
  return requests
    .filter(({ path }) => path === '/events/sync')
    .map(({ body }) => JSON.parse(body) as { cursor: string; page_size: number; services: string[] | null });
}

/** Events of the ledger that the walk did not get and that no flaw names. */
export function lostInSilence(nara: SandboxNara, { lines, report }: Walked): SandboxEvent[] {
  const got = new Set(lines);
  return nara.ledger.filter(
    ({ line, tsNs }) =>
      !got.has(line) &&
      !report.flaws.some(({ fromNs = tsNs, toNs = tsNs }) => fromNs <= tsNs && tsNs <= toNs),
  );
}
