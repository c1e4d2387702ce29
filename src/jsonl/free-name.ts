import { lstat } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from './file-lock.ts';

export interface FreeName {
  readonly name: string;
  /** Of the file of this name; whoever asked releases it. */
  readonly lock: FileLock;
}

/**
 * Takes the first of `PATH`, `PATH.2`, `PATH.3` … that names nothing yet and that nobody else is about to write.
 * Throws `FILE_UNWRITABLE`, `NO_ROOM`.
 */
export async function takeFreeName(path: string, onTakenOver?: (holder: string) => void): Promise<FreeName> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? path : `${path}.${number}`;
    if (await isTaken(name)) continue;
    const lock = await lockUnlessHeld(name, onTakenOver);
    if (lock === undefined) continue;
    // Who held the lock before us may have made it.
    if (!(await isTaken(name))) return { name, lock };
    await lock.release();
  }
}

/** Also by a link that leads nowhere. */
async function isTaken(name: string): Promise<boolean> {
  return lstat(name).then(
    () => true,
    () => false,
  );
}

async function lockUnlessHeld(
  name: string,
  onTakenOver?: (holder: string) => void,
): Promise<FileLock | undefined> {
  try {
    return await FileLock.take(name, onTakenOver);
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'LOCKED') return undefined;
    throw error;
  }
}
