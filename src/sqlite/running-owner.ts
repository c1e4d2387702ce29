import { readdirSync, readlinkSync, statSync } from 'node:fs';
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
  for (const name of namesIn('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    if (hasOpen(name, wanted)) return Number(name);
  }
  return undefined;
}

/** Synchronous: there are thousands of them, each quickly told. */
function hasOpen(pid: string, wanted: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  return namesIn(folder).some((fd) => {
    try {
      // Pipes and sockets are no files; a name is told without looking at the file.
      if (!readlinkSync(`${folder}/${fd}`).startsWith('/')) return false;
      const { dev, ino } = statSync(`${folder}/${fd}`, { bigint: true });
      return wanted.has(`${dev}:${ino}`);
    } catch {
      return false;
    }
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
