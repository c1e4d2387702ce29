import { lstat, mkdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing, unwritable } from '../jsonl/storage-failure.ts';
import { sideFiles } from './side-files.ts';

const NAMES = ['new.db', 'old.db'] as const;

/** A folder for us alone beside a database, where its successor is made: `${path}.part`. The caller holds the database's lock. */
export class PrivatePlace {
  readonly #path: string;
  readonly #identity: string;

  private constructor(path: string, identity: string) {
    this.#path = path;
    this.#identity = identity;
  }

  /** `path` has its links resolved. What a run that was killed left there is removed first. Throws `FILE_UNWRITABLE`, `NO_ROOM`. */
  static async make(path: string): Promise<PrivatePlace> {
    const place = `${path}.part`;
    try {
      await removePlace(place);
      await mkdir(place, { mode: 0o700 });
      const identity = await identityOf(place);
      if (identity === undefined) throw new Error('it went as soon as it was made');
      return new PrivatePlace(place, identity);
    } catch (cause) {
      throw unwritable(place, cause);
    }
  }

  file(name: (typeof NAMES)[number]): string {
    return join(this.#path, name);
  }

  /** Asserts that nobody put a folder of their own in its place. Throws `FILE_UNWRITABLE`. */
  async assertOurs(): Promise<void> {
    if ((await identityOf(this.#path)) === this.#identity) return;
    throw unwritable(this.#path, new Error('somebody else has put something in our place'));
  }

  /** Removes it with what is left in it; idempotent. Throws `FILE_UNWRITABLE`. */
  async remove(): Promise<void> {
    try {
      if ((await identityOf(this.#path)) === this.#identity) await removePlace(this.#path);
    } catch (cause) {
      throw unwritable(this.#path, cause);
    }
  }
}

/** Only what we put there: a folder that holds anything else is somebody's, and an error. Links are not followed. */
async function removePlace(place: string): Promise<void> {
  const found = await unlessMissing(lstat(place));
  if (found === undefined) return;
  if (!found.isDirectory()) {
    await unlink(place);
    return;
  }
  for (const file of NAMES.map((name) => join(place, name))) {
    for (const name of [file, ...sideFiles(file)]) await unlessMissing(unlink(name));
  }
  await rmdir(place);
}

async function identityOf(path: string): Promise<string | undefined> {
  const found = await unlessMissing(lstat(path, { bigint: true }));
  return found?.isDirectory() ? `${found.dev}:${found.ino}` : undefined;
}
