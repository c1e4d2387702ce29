import { join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { enterMesh, type Entry } from '../mesh/enter-mesh.ts';
import type { Membership } from '../mesh/membership.ts';
import { PeerMemory } from '../mesh/peer-memory.ts';
import type { PeerAddress } from '../mesh/peer-list.ts';
import type { ProxySettings } from '../mesh/proxy.ts';
import type { WalkReport } from '../sync/walk-report.ts';
import type { CommandContext } from './command-module.ts';
import { line } from './line.ts';
import { readLogin } from './login.ts';
import { arePeersNamed, readNamedPeers, type MeshFlags } from './mesh-flags.ts';
import { MeshSearch } from './mesh-search.ts';
import { stateFolder } from './state-folder.ts';

/** The peers of a command, and the way to them; whoever opened it leaves. */
export interface OpenMesh {
  readonly way: 'none' | 'host' | 'own';
  readonly proxy: ProxySettings | undefined;
  readonly peers: readonly PeerAddress[];
  /** Our being on a mesh, where we are on one. */
  readonly membership: Membership | undefined;
  /** Those that came since this was asked last; none where peers were named. Never throws. */
  readonly latePeers: () => Promise<readonly PeerAddress[]>;
  /** When this key was first met here, RFC 3339. */
  readonly metFirst: (publicKey: string) => string | undefined;
  /** Notes who proved a key, for the next time. Never throws. */
  readonly remember: (reports: readonly WalkReport[]) => Promise<void>;
  readonly leave: () => Promise<void>;
}

/** Finds the peers that the flags speak of. Throws `PEER_LIST`, `FILE_UNREADABLE`, `USAGE`, `MESH_*`. */
export async function openMesh(flags: MeshFlags, context: CommandContext): Promise<OpenMesh> {
  const named = arePeersNamed(flags) ? await readNamedPeers(flags) : undefined;
  if (named !== undefined && (flags.only ?? flags.skip) !== undefined) {
    throw new MeshBackupError(
      'USAGE',
      '--only and --skip choose among peers that are found, not named ones.',
    );
  }
  const way = flags.mesh === 'auto' && named !== undefined ? 'none' : flags.mesh;
  if (way === 'none') return { ...NO_MESH, peers: named ?? [] };
  const search = new MeshSearch(flags, context);
  const entry = await enterMesh({
    way,
    host: { socketPath: flags.tailscaleSocket, signal: context.signal },
    own: async () => {
      const login = await readLogin(flags, context);
      return login && { ...login, ...ownSettings(flags, context) };
    },
    // Where the user says who they are, nobody else is looked for.
    look: (membership, { machines }) => search.look(membership, named === undefined ? machines : []),
  });
  const { membership } = entry;
  const { way: wayIn, proxy } = membership;
  const met = { way: wayIn, proxy, membership, leave: () => membership.leave() };
  if (named !== undefined) return { ...NO_MESH, ...met, peers: named };
  try {
    const memory = await readMemory(entry, context);
    return {
      ...met,
      peers: search.choose(entry, memory?.known ?? []),
      latePeers: () => search.late(membership),
      metFirst: (publicKey) => memory?.known.find((one) => one.publicKey === publicKey)?.firstSeen,
      remember: (reports) => remember(memory, reports, context),
    };
  } catch (error) {
    await membership.leave();
    throw error;
  }
}

const NO_MESH = {
  way: 'none',
  proxy: undefined,
  membership: undefined,
  latePeers: () => Promise.resolve([]),
  metFirst: () => undefined,
  remember: () => Promise.resolve(),
  leave: () => Promise.resolve(),
} as const;

function ownSettings({ tailscaled, joinTimeout }: MeshFlags, { env, signal, output }: CommandContext) {
  const onNote = (text: string): void => {
    output.warn(line`⚠️  ${text}`);
  };
  return { tailscaled, joinTimeoutMs: joinTimeout, env, signal, onNote };
}

async function readMemory({ status }: Entry, context: CommandContext): Promise<PeerMemory | undefined> {
  const folder = stateFolder(context.env);
  if (folder === undefined) {
    context.output.detail(
      line`Who was here is not noted: there is no home, and XDG_STATE_HOME names no place`,
    );
    return undefined;
  }
  try {
    return await PeerMemory.read(join(folder, 'peers.json'), status.tailnet);
  } catch (error) {
    warnOf('Who was here before is not known', error, context);
    return undefined;
  }
}

async function remember(
  memory: PeerMemory | undefined,
  reports: readonly WalkReport[],
  context: CommandContext,
): Promise<void> {
  const met = reports.flatMap(({ proven, claimedName: name, publicKey, url }) =>
    proven && name !== undefined && publicKey !== undefined ? [{ name, publicKey, url }] : [],
  );
  try {
    await memory?.note(met, Date.now());
  } catch (error) {
    warnOf('Who was here is not noted', error, context);
  }
}

function warnOf(what: string, error: unknown, { output }: CommandContext): void {
  if (!(error instanceof MeshBackupError)) throw error;
  output.warn(line`⚠️  ${what}: ${error.message}`);
}
