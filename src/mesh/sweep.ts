import { once } from 'node:events';
import { lstat, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isGone, isThere, type ProcessIdentity } from '../jsonl/process-identity.ts';
import { endProcess } from './end-process.ts';
import { isOurFolder, MESH_FOLDER_PREFIX, socketIn } from './mesh-folder.ts';
import { readOwner } from './owner-record.ts';

/** A folder is made before it says whose it is. */
const GARBAGE_MS = 60_000;

/**
 * Ends the tailscaleds that runs before left because they were killed together with their watchdogs, and removes their
 * folders. What belongs to a living process, another user, host or container is left. Never throws: it is only tidying.
 */
export async function sweep(places: readonly string[], graceMs: number): Promise<void> {
  for (const place of new Set(places)) {
    const names = await readdir(place).catch(() => []);
    for (const name of names) {
      if (name.startsWith(MESH_FOLDER_PREFIX)) await sweepFolder(join(place, name), graceMs);
    }
  }
}

async function sweepFolder(folder: string, graceMs: number): Promise<void> {
  if (!(await isOurFolder(folder))) return;
  const record = await readOwner(folder);
  if (record === 'foreign') return;
  if (record === 'garbage') {
    if (!(await isOld(folder))) return;
  } else {
    if (!isGone(record.owner)) return;
    const { tailscaled, watchdog } = record;
    if (tailscaled && (await isCertain(tailscaled, folder))) await endProcess(tailscaled, graceMs);
    // It ends by itself when its tailscaled has, unless it was stopped.
    if (watchdog && isThere(watchdog)) await endProcess(watchdog, graceMs);
  }
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

/** A time to come is as bad: the clock was set back since. */
async function isOld(folder: string): Promise<boolean> {
  const stat = await lstat(folder).catch(() => undefined);
  return stat !== undefined && Math.abs(Date.now() - stat.mtimeMs) > GARBAGE_MS;
}

/**
 * A pid alone may be somebody else's by now. Where the system tells no start times, the socket tells: as long as somebody
 * answers at it, the process that made it has its pid.
 */
async function isCertain(tailscaled: ProcessIdentity, folder: string): Promise<boolean> {
  return tailscaled.started === '' ? isAnswered(socketIn(folder)) : isThere(tailscaled);
}

async function isAnswered(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
