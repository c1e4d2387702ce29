import { lstat, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { daemonFailed } from './daemon-failure.ts';

/** What the folders of our tailscaleds are called, but for six characters at the end. */
export const MESH_FOLDER_PREFIX = 'mesh-backup-mesh-';

/** The kernel's room for a socket's path is 104 bytes on macOS and BSD, 108 on Linux, with a zero at its end. */
const MAX_SOCKET_PATH_BYTES = 103;

/** Where such folders are made, the best place first: the user's own memory, or the folder for temporary files. */
export async function meshPlaces(env: NodeJS.ProcessEnv): Promise<string[]> {
  const runtime = env['XDG_RUNTIME_DIR'];
  const places =
    runtime !== undefined && isAbsolute(runtime) && (await isOurFolder(runtime)) ? [runtime] : [];
  return [...places, resolve(tmpdir())]; // the watchdog runs elsewhere
}

/** Whether it is a folder, no link to one, of this user. */
export async function isOurFolder(path: string): Promise<boolean> {
  try {
    const stat = await lstat(path);
    return stat.isDirectory() && stat.uid === process.getuid?.();
  } catch {
    return false;
  }
}

export function socketIn(folder: string): string {
  return join(folder, 's.sock');
}

/** Makes a folder that only this user can enter. Throws `MESH_DAEMON` where none may hold a socket, `TEMPORARY_FILE`. */
export async function makeMeshFolder(places: readonly string[]): Promise<string> {
  const place = places.find((path) => {
    const socketPath = socketIn(join(path, `${MESH_FOLDER_PREFIX}XXXXXX`));
    return Buffer.byteLength(socketPath) <= MAX_SOCKET_PATH_BYTES;
  });
  if (place === undefined) {
    throw daemonFailed(`the path of a socket in ${places.join(' or ')} is too long.`, {
      hint: 'Have TMPDIR name a folder with a short path, such as /tmp.',
    });
  }
  try {
    return await mkdtemp(join(place, MESH_FOLDER_PREFIX));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MeshBackupError(
      'TEMPORARY_FILE',
      `Cannot make a folder for tailscaled in ${place}: ${reason}`,
      {
        hint: 'TMPDIR names another folder for temporary files.',
        cause,
      },
    );
  }
}
