import { MeshBackupError } from '../errors.ts';
import type { Discovery } from './discover.ts';
import { joinHost, type HostSettings } from './host.ts';
import type { Membership } from './membership.ts';
import { joinOwn, type OwnSettings } from './own.ts';
import type { TailnetStatus } from './tailnet-status.ts';

export interface EntryOptions {
  /** `auto`: this machine's tailscaled if there are naras on its tailnet, else one of our own. */
  readonly way: 'auto' | 'host' | 'own';
  readonly host: HostSettings;
  /** Asked when it comes to that; `undefined`: no login server or no auth key is given. */
  readonly own: () => Promise<OwnSettings | undefined>;
  /** Looks who is there. */
  readonly look: (membership: Membership, status: TailnetStatus) => Promise<Discovery>;
}

/** We are on a mesh; whoever entered it leaves it. */
export interface Entry {
  readonly membership: Membership;
  readonly status: TailnetStatus;
  readonly discovery: Discovery;
}

/**
 * Goes onto the mesh and looks who is there. Throws what `joinHost`, `joinOwn` and `look` throw, `MESH_KEY_MISSING` where
 * the only way needs a key that is not given, and `MESH_NO_WAY`; then it has left.
 */
export async function enterMesh(options: EntryOptions): Promise<Entry> {
  const { way, host, look } = options;
  if (way === 'host') return entered(await joinHost(host), look);
  if (way === 'own') return entered(await joinOwn(await ownSettings(options)), look);

  const byHost = await tryHost(options);
  if (byHost instanceof MeshBackupError) {
    const own = await options.own();
    if (own === undefined) throw noWay(byHost);
    return entered(await joinOwn(own), look);
  }
  if (byHost.discovery.naras.length > 0) return byHost;
  try {
    const own = await options.own();
    // On a tailnet, though nobody we look for is there: that is the answer.
    if (own === undefined) return byHost;
    await byHost.membership.leave();
    return await entered(await joinOwn(own), look);
  } catch (error) {
    await byHost.membership.leave();
    throw error;
  }
}

async function tryHost({ host, look }: EntryOptions): Promise<Entry | MeshBackupError> {
  try {
    return await entered(await joinHost(host), look);
  } catch (error) {
    host.signal.throwIfAborted();
    if (error instanceof MeshBackupError) return error;
    throw error;
  }
}

async function entered(membership: Membership, look: EntryOptions['look']): Promise<Entry> {
  try {
    const status = await membership.status();
    return { membership, status, discovery: await look(membership, status) };
  } catch (error) {
    await membership.leave();
    throw error;
  }
}

async function ownSettings({ own }: EntryOptions): Promise<OwnSettings> {
  const options = await own();
  if (options !== undefined) return options;
  throw new MeshBackupError(
    'MESH_KEY_MISSING',
    'Failed to connect to mesh: no login server or no auth key.',
    {
      hint: `Give --login-server (or NARA_HEADSCALE_URL) and --authkey-file (or TS_AUTHKEY). ${WHERE}`,
    },
  );
}

function reasonOf({ message }: MeshBackupError): string {
  return message.replace(/^Failed to connect to mesh: /, '').replace(/\.$/, '');
}

const WHERE = "A nara's operator finds them with: nara -show-default-credentials -help";

function noWay(byHost: MeshBackupError): MeshBackupError {
  return new MeshBackupError('MESH_NO_WAY', 'No peers are named, and there is no way onto the mesh.', {
    hint:
      'One of three: name peers (--peer http://100.64.0.1:7433, --peers FILE); ' +
      `have this machine's tailscaled on the mesh (${reasonOf(byHost)}); ` +
      `or let us join by ourselves (--login-server URL --authkey-file FILE). ${WHERE}`,
  });
}
