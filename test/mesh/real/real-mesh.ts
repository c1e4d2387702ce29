import { parseFault } from '../../../src/sandbox/faults.ts';
import { makeHistory } from '../../../src/sandbox/history.ts';
import { startNara, type SandboxNara } from '../../../src/sandbox/nara.ts';
import { Prng } from '../../../src/sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../../../src/sandbox/sandbox-identity.ts';
import { startControl, type Control } from './control.ts';
import { joinNode, type Machine, type RunningNode } from './node.ts';
import { until } from './until.ts';

const MESH_PORT = 7433;
const LIST_MS = 15_000;

interface CallBacks {
  tried: number;
  answered: number;
  failed: number;
}

/** A nara and the node that it lives on. */
export interface Home {
  readonly nara: SandboxNara;
  readonly node: RunningNode;
  /** How often it asked a backup for its `/ping`, and what came of it. */
  readonly callBacks: CallBacks;
}

interface RealMeshOptions {
  /** By nara name: `{ bob: 'delay:5000' }`. */
  readonly faults?: Readonly<Record<string, string>>;
  /** Waited for before a nara calls back; it has 5 s for both. */
  readonly beforeCallBack?: (home: Home, homes: readonly Home[]) => Promise<void>;
}

/** alice, bob and carol, each on a node of its own; they know each other, and nobody else. */
export interface RealMesh {
  readonly control: Control;
  readonly alice: Home;
  readonly bob: Home;
  readonly carol: Home;
  readonly homes: readonly Home[];
  /** Sign as her: she is known. */
  readonly requester: SandboxIdentity;
  /** Nobody has met him. */
  readonly stranger: SandboxIdentity;
}

/** Runs a test on a mesh of its own, which is ended whatever happens. */
export async function withRealMesh(
  options: RealMeshOptions,
  use: (mesh: RealMesh) => Promise<void>,
): Promise<void> {
  const history = makeHistory({ naras: 3, eventsPerNara: 400, pageSize: 50 });
  const knownKeys = new Map(history.naras.map(({ name, publicKey }) => [name, publicKey]));
  const control = await startControl();
  const homes: Home[] = [];
  try {
    for (const [index, identity] of history.naras.entries()) {
      const callBacks = { tried: 0, answered: 0, failed: 0 };
      const askPing = async (signal: AbortSignal): Promise<string> => {
        callBacks.tried++;
        const home = homes[index]!;
        try {
          await options.beforeCallBack?.(home, homes);
          const caller = (await backupsSeenBy(home.node)).find(({ isOnline }) => isOnline);
          const answer = await home.node.fetch(`http://${caller?.address ?? ''}:${MESH_PORT}/ping`, signal);
          callBacks.answered++;
          return answer;
        } catch (error) {
          callBacks.failed++;
          throw error;
        }
      };
      const fault = options.faults?.[identity.name];
      const nara = await startNara({
        identity,
        events: history.ledgers[index]!,
        faults: fault === undefined ? [] : [parseFault(fault)],
        knownKeys,
        introduction: { addressPrefix: '127.', port: MESH_PORT, askPing },
      });
      const forwards = { [MESH_PORT]: Number(new URL(nara.url).port) };
      const node = await joinNode(control, { hostName: `${identity.name}-x1y2`, forwards });
      homes.push({ nara, node, callBacks });
    }
    const [alice, bob, carol] = homes as [Home, Home, Home];
    for (const { node } of homes) {
      await until(`${node.hostName} sees the others`, LIST_MS, async () => {
        const { machines } = await node.status();
        return machines.filter(({ isOnline }) => isOnline).length === homes.length - 1;
      });
    }
    const stranger = makeIdentity('zoe', new Prng('stranger'));
    await use({ control, alice, bob, carol, homes, requester: history.naras[0]!, stranger });
  } finally {
    await Promise.all(homes.map(({ node }) => node.kill()));
    await Promise.all(homes.map(({ nara }) => nara.close()));
    await control.close();
  }
}

/** The backups that stand in a node's list, online or not. */
export async function backupsSeenBy(node: RunningNode): Promise<Machine[]> {
  const { machines } = await node.status();
  return machines.filter(({ hostName }) => hostName.startsWith('nara-backup-'));
}

/** Waits until no node of the mesh lists a backup. */
export async function whenNoBackupIsSeen({ homes }: RealMesh, nodes = homes, maxMs = LIST_MS): Promise<void> {
  for (const { node } of nodes) {
    const what = `${node.hostName} lists no backup`;
    await until(what, maxMs, async () => (await backupsSeenBy(node)).length === 0);
  }
}

/** Waits until somebody has asked the nara for events. */
export async function whenAsked({ nara }: Home): Promise<void> {
  await until(`${nara.name} is asked for events`, 60_000, () =>
    nara.requests.some(({ path }) => path === '/events/sync'),
  );
}
