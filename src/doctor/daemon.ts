import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { findTailscaled } from '../mesh/find-tailscaled.ts';
import type { Check } from './check.ts';

const SOCKET_MS = 2_000;
const VERSION_MS = 5_000;
const MAX_VERSION_BYTES = 64 * 1024;

export interface DaemonPlaces {
  /** Of the machine's own tailscaled. */
  readonly socket: string;
  /** Where tailscaled is; `undefined`: where it is found. */
  readonly program: string | undefined;
  /** What the program is run with: no secrets in it. */
  readonly env: NodeJS.ProcessEnv;
}

/** What is at hand for going onto a mesh: a tailscaled that runs, one that could be started. */
export interface Daemons {
  /** `refused`: one is there, and we may not speak to it. */
  readonly host: 'answers' | 'refused' | 'none';
  /** The first line that it prints of itself; `undefined`: there is none that runs. */
  readonly programVersion: string | undefined;
}

/** Looks for both. Never throws; takes seconds at most. */
export async function findDaemons({ socket, program, env }: DaemonPlaces): Promise<Daemons> {
  const path = await findTailscaled(program, env).catch(() => undefined);
  const asked = path === undefined ? undefined : askVersion(path, env);
  const [host, programVersion] = await Promise.all([knock(socket), asked]);
  return { host, programVersion };
}

/** Having none is worth a word only to somebody who needs one. */
export function checkDaemon(
  { host, programVersion }: Daemons,
  { socket, program = 'tailscaled' }: DaemonPlaces,
  isNeeded: boolean,
): Check {
  const own = programVersion === undefined ? undefined : `${program} can be started`;
  if (host === 'answers') {
    return {
      what: 'daemon',
      state: 'ok',
      text: [`one answers on ${socket}`, own].filter(Boolean).join(', '),
    };
  }
  const refused = `one is there, but ${socket} does not let us in`;
  if (own !== undefined) {
    return { what: 'daemon', state: 'ok', text: host === 'refused' ? `${refused}; ${own}` : own };
  }
  const text =
    host === 'refused' ? refused : `none answers on ${socket}, and there is no ${program} to start`;
  if (!isNeeded) return { what: 'daemon', state: 'skipped', text };
  const advice = 'Start tailscaled, or install it, or name peers with --peer and --peers.';
  return { what: 'daemon', state: 'warning', text, advice };
}

function knock(path: string): Promise<Daemons['host']> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (host: Daemons['host']): void => {
      socket.destroy();
      resolve(host);
    };
    socket.setTimeout(SOCKET_MS, () => {
      end('none');
    });
    socket.once('connect', () => {
      end('answers');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      end(code === 'EACCES' || code === 'EPERM' ? 'refused' : 'none');
    });
  });
}

function askVersion(program: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const options = { env, timeout: VERSION_MS, killSignal: 'SIGKILL', maxBuffer: MAX_VERSION_BYTES } as const;
  return new Promise((resolve) => {
    execFile(program, ['--version'], options, (error, stdout) => {
      resolve(error === null ? (stdout.split('\n')[0] ?? '').trim() : undefined);
    });
  });
}
