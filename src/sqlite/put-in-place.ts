import { constants } from 'node:fs';
import { link, lstat, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { takeAfter } from '../jsonl/replacement.ts';
import { codeOf, unlessMissing, unwritable } from '../jsonl/storage-failure.ts';
import { syncFolder } from '../jsonl/sync-folder.ts';

export type Over = 'replace' | 'refuse';

const FLAGS = constants.O_RDWR | (process.platform === 'win32' ? 0 : constants.O_NOFOLLOW);
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Makes a file of ours durable, with the mode and (where we may) the owner of the one at `path`, or for us alone where
 * there is none. No SQLite connection of this process may have it open. Throws `FILE_UNWRITABLE`, `NO_ROOM`.
 */
export async function finishFile(file: string, path: string): Promise<void> {
  try {
    const replaced = await unlessMissing(lstat(path));
    if (replaced?.isFile() === false) throw new Error('what is there is no file');
    const handle = await open(file, FLAGS);
    try {
      if (replaced) await takeAfter(handle, replaced);
      else await handle.chmod(0o600);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Gives a finished file its name, and makes the name durable. Throws `FILE_EXISTS` (`refuse`), `FILE_UNWRITABLE`, `NO_ROOM`. */
export async function putInPlace(file: string, path: string, over: Over): Promise<void> {
  await giveName(file, path, over);
  await syncFolder(dirname(path));
}

/** As `putInPlace`, but the name lasts only once the folder is synced. */
export async function giveName(file: string, path: string, over: Over): Promise<void> {
  try {
    await (over === 'replace' ? rename(file, path) : nameAnew(file, path));
  } catch (cause) {
    throw codeOf(cause) === 'EEXIST' ? fileExists(path) : unwritable(path, cause);
  }
}

export function fileExists(path: string): MeshBackupError {
  return new MeshBackupError('FILE_EXISTS', `${path} is there already.`, { hint: 'Name another file.' });
}

/** A rename would replace what somebody has put there since we looked. */
async function nameAnew(file: string, path: string): Promise<void> {
  try {
    await link(file, path);
    await unlink(file);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
    if (await unlessMissing(lstat(path))) throw fileExists(path);
    await rename(file, path);
  }
}
