import { lstat } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { timeInName } from './time-in-name.ts';

/**
 * Where the database that a restore replaces is kept: what the flag says, or a name beside it that nobody has; `undefined`:
 * nowhere. Throws `USAGE`.
 */
export async function asidePath(
  flag: string | false | undefined,
  dbPath: string,
  now: Date,
): Promise<string | undefined> {
  if (flag === false) return undefined;
  if (flag === '' || flag === '-') {
    throw new MeshBackupError('USAGE', '--pre-restore-backup takes the name of a file, not stdout.', {
      hint: '--no-pre-restore-backup keeps nothing.',
    });
  }
  return flag ?? freeName(`${dbPath}.pre-restore-${timeInName(now)}`);
}

/** Two restores may come in one second. */
async function freeName(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? path : `${path}-${number}`;
    const isFree = await lstat(name).then(
      () => false,
      () => true,
    );
    if (isFree) return name;
  }
}
