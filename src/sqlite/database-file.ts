import { access, constants, realpath, stat } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { openTarget } from '../jsonl/target.ts';
import { unlessMissing, unreadable, unwritable } from '../jsonl/storage-failure.ts';

/**
 * The file of a database that is there, links resolved. Looks, and opens nothing: to close a descriptor of a file drops
 * all of SQLite's locks on it that this process has. Throws `FILE_UNREADABLE`, `DATABASE_FORMAT` (no file, or an empty one);
 * `name` is what they call it.
 */
export async function existingDatabase(path: string, name = path): Promise<string> {
  try {
    const resolved = await realpath(path);
    assertName(resolved);
    const found = await stat(resolved);
    if (!found.isFile()) throw new MeshBackupError('DATABASE_FORMAT', `${name} is no file.`);
    await access(resolved, constants.R_OK);
    if (found.size === 0) throw new MeshBackupError('DATABASE_FORMAT', `${name} is empty.`);
    return resolved;
  } catch (cause) {
    throw cause instanceof MeshBackupError ? cause : unreadable(name, cause);
  }
}

/** Where a database will be put: a file, or nothing yet, in a folder that is there; links resolved. Throws `FILE_UNWRITABLE`. */
export async function databaseTarget(path: string): Promise<string> {
  try {
    // Before `openTarget`, which would wait for the reader of a FIFO.
    if ((await unlessMissing(stat(path)))?.isFile() === false) throw new Error('what is there is no file');
    const target = await openTarget(path);
    if (target.kind === 'file') {
      assertName(target.path);
      return target.path;
    }
    await target.close();
    throw new Error('a database needs a file');
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** better-sqlite3 trims names: it would open another file than the one that was looked at. */
function assertName(path: string): void {
  if (path !== path.trim()) throw new Error('the name of a database must not end in white space');
}
