import { isIPv4 } from 'node:net';
import { MeshBackupError } from '../errors.ts';
import { codeOf } from '../jsonl/storage-failure.ts';
import { callerBySocket, CallServer } from './call-server.ts';
import { daemonFailed } from './daemon-failure.ts';
import { LocalApi } from './local-api.ts';
import type { Membership } from './membership.ts';
import type { TailnetStatus } from './tailnet-status.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface HostSettings {
  /** Where the machine's tailscaled listens. */
  readonly socketPath: string;
  readonly signal: AbortSignal;
}

/**
 * Uses the machine's own tailscaled, and changes nothing about it.
 * Throws `MESH_NO_DAEMON`, `MESH_NOT_RUNNING`, `MESH_DAEMON`, or the signal's reason.
 */
export async function joinHost({ socketPath, signal }: HostSettings): Promise<Membership> {
  const api = new LocalApi(socketPath);
  try {
    const status = await unlessAborted(askFirst(api, socketPath), signal);
    if (status.state !== 'Running') throw notRunning(status);
    return {
      way: 'host',
      proxy: undefined,
      status: () => api.status(),
      receive: async (onCall, port) => {
        const { self } = await api.status();
        const address = self?.addresses.find(isIPv4) ?? self?.addresses[0];
        if (address === undefined) throw daemonFailed('this machine has no address on the mesh.');
        const server = new CallServer(onCall, callerBySocket);
        await server.listen(port, address).catch((error: unknown) => {
          throw cannotListen(address, port, error);
        });
        return () => server.close();
      },
      leave: () => api.close(),
    };
  } catch (error) {
    await api.close();
    throw error;
  }
}

async function askFirst(api: LocalApi, socketPath: string): Promise<TailnetStatus> {
  try {
    return await api.status();
  } catch (error) {
    const code = error instanceof MeshBackupError ? codeOf(error.cause) : undefined;
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error;
    throw new MeshBackupError(
      'MESH_NO_DAEMON',
      `Failed to connect to mesh: no tailscaled at ${socketPath}.`,
      {
        hint: 'Start it (systemctl start tailscaled) or install it (https://tailscale.com/download); --tailscale-socket names another socket, --mesh own needs no service.',
        cause: error,
      },
    );
  }
}

const HINTS = new Map([
  ['NeedsLogin', 'Log in: tailscale up (with --login-server=URL for a server of your own).'],
  ['NeedsMachineAuth', 'Approve this machine at the login server (its admin console).'],
  ['Stopped', 'Connect it: tailscale up.'],
  ['Starting', 'It is about to connect: try again in a moment; tailscale status says more.'],
]);

function notRunning({ state, health }: TailnetStatus): MeshBackupError {
  const trouble = health.length === 0 ? '' : `: ${health.join('; ')}`;
  return new MeshBackupError(
    'MESH_NOT_RUNNING',
    `Failed to connect to mesh: this machine's tailscaled is not connected (state ${state})${trouble}`,
    { hint: HINTS.get(state) ?? 'Ask it: tailscale status.', retryable: state === 'Starting' },
  );
}

function cannotListen(address: string, port: number, cause: unknown): MeshBackupError {
  const code = codeOf(cause);
  const at = `port ${port} of ${address}, this machine's address on the mesh`;
  if (code === 'EADDRINUSE') {
    return daemonFailed(`another program listens on ${at}.`, {
      hint: 'Most likely the nara that runs on this machine.',
      cause,
    });
  }
  if (code === 'EADDRNOTAVAIL') {
    return daemonFailed(`the system does not know ${at}.`, {
      hint: 'Its tailscaled runs in userspace mode, or was just stopped: nothing can listen there.',
      cause,
    });
  }
  return daemonFailed(`cannot listen on ${at}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
