import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { isProgram } from './is-program.ts';

/** Where packages put services' programs, which is not in everybody's PATH. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

const HINTS = new Map<NodeJS.Platform, string>([
  [
    'linux',
    "Install your distribution's package tailscale or https://tailscale.com/download/linux; it need not run as a service.",
  ],
  ['darwin', 'Install it: brew install tailscale. It need not run as a service.'],
]);
const OTHER_HINT = 'Install it: https://tailscale.com/download. It need not run as a service.';

/**
 * Finds the program: where it is said to be, else in PATH and then in `moreFolders`; resolves to an absolute path.
 * Throws `MESH_NO_DAEMON`.
 */
export async function findTailscaled(
  given: string | undefined,
  env: NodeJS.ProcessEnv,
  moreFolders: readonly string[] = MORE_FOLDERS,
): Promise<string> {
  if (given !== undefined) {
    if (await isProgram(given)) return resolve(given);
    throw noDaemon('what --tailscaled names is no program.', 'Name the file tailscaled itself.');
  }
  // An empty or relative entry would mean whatever lies in the folder that we happen to be in.
  const inPath = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  for (const folder of [...inPath, ...moreFolders]) {
    const path = join(folder, 'tailscaled');
    if (await isProgram(path)) return path;
  }
  throw noDaemon('no tailscaled is installed.', HINTS.get(process.platform) ?? OTHER_HINT);
}

/** Throws `MESH_NO_DAEMON` where a tailscaled of our own cannot be: it needs a shell and sockets in folders. */
export function assertOwnIsPossible(platform: NodeJS.Platform): void {
  if (platform !== 'win32') return;
  throw noDaemon(
    'a tailscaled of our own is not supported on Windows.',
    "Use this machine's, with --mesh host, or name peers with --peer.",
  );
}

function noDaemon(reason: string, hint: string): MeshBackupError {
  return new MeshBackupError('MESH_NO_DAEMON', `Failed to connect to mesh: ${reason}`, { hint });
}
