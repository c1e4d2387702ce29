import { readdir, readlink, stat } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { identityOf } from '../jsonl/file-identity.ts';
import { sideFiles } from './side-files.ts';

/**
 * Asserts that no other process has a database or its side files open, as far as Linux tells us: others' processes tell
 * only root, and elsewhere nobody tells. Also sees into containers: what is compared is the very file, not its name.
 * Throws `DATABASE_IN_USE`.
 */
export async function assertNoOwner(path: string): Promise<void> {
  const pid = await findOwner(path);
  if (pid !== undefined) throw inUse(path, `process ${pid} has it open`);
}

/** `who` does what with the database. */
export function inUse(path: string, who: string, cause?: unknown): MeshBackupError {
  return new MeshBackupError('DATABASE_IN_USE', `${path} is in use: ${who}.`, {
    hint: 'Stop the node that it belongs to first.',
    retryable: true,
    cause,
  });
}

/** The first process but this one that has the database open. */
export async function findOwner(path: string): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const identities = await Promise.all([path, ...sideFiles(path)].map(identityOf));
  const wanted = new Set(identities.filter((identity) => identity !== undefined));
  if (wanted.size === 0) return undefined;
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    if (await hasOpen(name, wanted)) return Number(name);
  }
  return undefined;
}

async function hasOpen(pid: string, wanted: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const fd of await readdir(folder).catch(() => [])) {
    const handle = `${folder}/${fd}`;
    // Pipes and sockets are no files; looking at them costs more than reading their names.
    const name = await readlink(handle).catch(() => '');
    if (!name.startsWith('/')) continue;
    const found = await stat(handle, { bigint: true }).catch(() => undefined);
    if (found && wanted.has(`${found.dev}:${found.ino}`)) return true;
  }
  return false;
}
