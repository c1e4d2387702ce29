import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MeshBackupError } from '../errors.ts';

/** A file that the command line names, or that lies beside one which it names. */
export interface Place {
  /** For people: the flag, or what the file is. */
  readonly name: string;
  readonly path: string | undefined;
}

/**
 * Asserts that files which are written are neither one another nor any that are read: one would destroy the other.
 * Pipes and devices may be named as often as anybody likes. Throws `USAGE`.
 */
export async function assertApart(written: readonly Place[], read: readonly Place[] = []): Promise<void> {
  const taken = new Map<string, string>();
  for (const [at, { name, path }] of [...written, ...read].entries()) {
    for (const identity of path === undefined ? [] : await identitiesOf(path)) {
      const other = taken.get(identity);
      if (other !== undefined) {
        throw new MeshBackupError('USAGE', `${name} and ${other} are the same file: ${path ?? ''}`);
      }
      if (at < written.length) taken.set(identity, name);
    }
  }
}

/** What two names of one file have in common: where it lies, and which it is. */
async function identitiesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isFile()) return [];
  const place = await realpath(path).catch(() => placeOf(path));
  return found === undefined ? [place] : [place, `${found.dev}:${found.ino}`];
}

/** Where a file would lie that is not there yet. */
async function placeOf(path: string): Promise<string> {
  const isLink = await lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
  const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
  return isLink ? `link ${join(folder, basename(path))}` : join(folder, basename(path));
}
