import type { Destination } from '../../src/dump/destination.ts';
import { dump } from '../../src/dump/dump.ts';
import type { DumpOptions } from '../../src/dump/dump-options.ts';
import type { DumpSummary } from '../../src/dump/summary.ts';
import { parsePeer } from '../../src/mesh/peer-list.ts';
import { parseFault, type Fault } from '../../src/sandbox/faults.ts';
import { startMesh, type MeshOptions, type SandboxMesh } from '../../src/sandbox/mesh.ts';
import { DEFAULT_WALK_BOUNDS } from '../../src/sync/walk-peer.ts';

export interface Dumped {
  readonly lines: string[];
  readonly text: string;
  readonly summary: DumpSummary;
}

/** As the command's, but for the pauses between tries. */
export const BOUNDS = { ...DEFAULT_WALK_BOUNDS, retry: { maxTries: 4, firstDelayMs: 1, maxDelayMs: 2 } };

/** Dumps a mesh of the sandbox as its requester. */
export async function dumpMesh(
  mesh: SandboxMesh,
  {
    destination,
    ...options
  }: Partial<Omit<DumpOptions, 'destination'>> & { destination?: Partial<Destination> } = {},
): Promise<Dumped> {
  let text = '';
  const summary = await dump({
    requester: { name: mesh.requester.name, keypair: mesh.requester },
    peers: mesh.naras.map(({ name, url }) => parsePeer(`${name}=${url}`)),
    workers: 5,
    connectTimeoutMs: 2000,
    bounds: BOUNDS,
    filter: { services: [], naras: [] },
    acceptUnsigned: false,
    checkpoints: true,
    keepMisfits: false,
    destination: {
      write: (bytes) => {
        text += bytes.toString();
        return Promise.resolve();
      },
      ...destination,
    },
    signal: new AbortController().signal,
    ...options,
  });
  return { text, lines: text.split('\n').slice(0, -1), summary };
}

/** Runs a test against a mesh that is closed whatever happens. `faults`: `{ bob: 'cut:2 lie' }`. */
export async function withMesh<T>(
  options: Omit<MeshOptions, 'faults'> & { faults?: Record<string, string> },
  use: (mesh: SandboxMesh) => Promise<T>,
): Promise<T> {
  const faults = new Map<string, Fault[]>(
    Object.entries(options.faults ?? {}).map(([name, texts]) => [name, texts.split(' ').map(parseFault)]),
  );
  const mesh = await startMesh({ naras: 3, eventsPerNara: 300, pageSize: 50, ...options, faults });
  try {
    return await use(mesh);
  } finally {
    await mesh.close();
  }
}

/** A sink that keeps what it is given. */
export function recordList(): {
  records: Record<string, string | number>[];
  add: (r: Record<string, string | number>) => Promise<void>;
  sync: () => Promise<void>;
} {
  const records: Record<string, string | number>[] = [];
  return {
    records,
    add: (record) => {
      records.push(record);
      return Promise.resolve();
    },
    sync: () => Promise.resolve(),
  };
}
