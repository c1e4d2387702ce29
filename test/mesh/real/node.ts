import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Control } from './control.ts';
import { startDaemon } from './daemon.ts';
import { callLocalApi } from './local-api.ts';
import { programPath } from './network.ts';
import { connectsThrough, fetchThrough } from './through-proxy.ts';
import { until } from './until.ts';

const RUNNING_MS = 20_000;
const SCAN_MS = 3_000;

/** Another machine, as a node's tailscaled has it. */
export interface Machine {
  readonly hostName: string;
  /** Its IPv4 address on the mesh. */
  readonly address: string;
  readonly isOnline: boolean;
}

export interface NodeStatus {
  readonly state: string;
  readonly health: readonly string[];
  readonly machines: readonly Machine[];
}

interface NodeSettings {
  readonly hostName: string;
  /** Instead of the control server's own. */
  readonly authKey?: string;
  /** Ports of its address on the mesh, and the ports of 127.0.0.1 that they lead to. */
  readonly forwards?: Readonly<Record<number, number>>;
  readonly shieldsUp?: boolean;
  /** An ephemeral one keeps nothing, and goes from the lists of the others when it leaves. */
  readonly isEphemeral?: boolean;
}

/** A machine of the mesh: a tailscaled of its own, in user space. */
export interface MeshNode {
  readonly hostName: string;
  readonly status: () => Promise<NodeStatus>;
  /** Gets a page of the mesh. Throws unless it is a 200. */
  readonly fetch: (url: string, signal?: AbortSignal) => Promise<string>;
  /** Those of the ports that let this node connect. */
  readonly scan: (address: string, ports: readonly number[]) => Promise<number[]>;
  readonly logout: () => Promise<void>;
  /** Its tailscaled does nothing any more, and everybody believes that it is there. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A node that has been told to log in; it may never get there. */
export interface StartingNode extends MeshNode {
  readonly whenRunning: () => Promise<MeshNode & { readonly address: string }>;
}

export async function startNode(control: Control, settings: NodeSettings): Promise<StartingNode> {
  const { hostName, authKey = control.authKey, shieldsUp = false, isEphemeral = false } = settings;
  const folder = await mkdtemp(join(tmpdir(), 'mesh-node-'));
  const socket = join(folder, 's.sock');
  const daemon = startDaemon(
    programPath('tailscaled'),
    [
      '--tun=userspace-networking',
      `--state=${isEphemeral ? 'mem:' : join(folder, 'state')}`,
      `--statedir=${folder}`,
      `--socket=${socket}`,
      '--no-logs-no-support',
      '--outbound-http-proxy-listen=127.0.0.1:0',
      '--socks5-server=127.0.0.1:0',
    ],
    folder,
  );
  const proxyPort = Number((await daemon.whenSaid(/HTTP proxy listening on 127\.0\.0\.1:(\d+)/))[1]);
  const prefs = {
    ControlURL: control.loginServer,
    Hostname: hostName,
    WantRunning: true,
    ShieldsUp: shieldsUp,
  };
  const start = { AuthKey: authKey, UpdatePrefs: { ...prefs, CorpDNS: false, RouteAll: false } };
  await until('its socket is there', RUNNING_MS, () =>
    callLocalApi(socket, 'POST', 'start', start).then(
      () => true,
      () => false,
    ),
  );
  await callLocalApi(socket, 'POST', 'login-interactive');

  const read = async (): Promise<RawStatus> =>
    JSON.parse(await callLocalApi(socket, 'GET', 'status')) as RawStatus;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await daemon.end(signal);
    await rm(folder, { recursive: true, force: true });
  };
  const node: MeshNode = {
    hostName,
    status: async () => toStatus(await read()),
    fetch: (url, signal = AbortSignal.timeout(RUNNING_MS)) => fetchThrough(proxyPort, url, signal),
    scan: async (address, ports) => {
      const found = await Promise.all(
        ports.map((port) => connectsThrough(proxyPort, address, port, SCAN_MS)),
      );
      return ports.filter((_, index) => found[index]);
    },
    logout: async () => {
      await callLocalApi(socket, 'POST', 'logout');
    },
    freeze: () => {
      daemon.signal('SIGSTOP');
    },
    thaw: () => {
      daemon.signal('SIGCONT');
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
  return {
    ...node,
    async whenRunning() {
      const address = await until(`${hostName} is on the mesh`, RUNNING_MS, async () => {
        const { BackendState, Self } = await read();
        return BackendState === 'Running' && Self?.TailscaleIPs?.[0];
      });
      const TCP = Object.fromEntries(
        Object.entries(settings.forwards ?? {}).map(([port, local]) => [
          port,
          { TCPForward: `127.0.0.1:${local}` },
        ]),
      );
      await callLocalApi(socket, 'POST', 'serve-config', { TCP });
      return { ...node, address };
    },
  };
}

/** A node that is on the mesh. */
export type RunningNode = Awaited<ReturnType<StartingNode['whenRunning']>>;

export async function joinNode(control: Control, settings: NodeSettings): Promise<RunningNode> {
  return (await startNode(control, settings)).whenRunning();
}

interface RawMachine {
  readonly HostName: string;
  readonly TailscaleIPs?: readonly string[] | null;
  readonly Online: boolean;
}

interface RawStatus {
  readonly BackendState: string;
  readonly Health: readonly string[] | null;
  readonly Self?: RawMachine;
  readonly Peer: Readonly<Record<string, RawMachine>> | null;
}

function toStatus({ BackendState, Health, Peer }: RawStatus): NodeStatus {
  return {
    state: BackendState,
    health: Health ?? [],
    machines: Object.values(Peer ?? {})
      .map(({ HostName, TailscaleIPs, Online }) => ({
        hostName: HostName,
        address: TailscaleIPs?.[0] ?? '',
        isOnline: Online,
      }))
      .sort((a, b) => (a.hostName < b.hostName ? -1 : 1)),
  };
}
