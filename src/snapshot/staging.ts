import { createHash } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { FileLock } from '../jsonl/file-lock.ts';
import { unlessMissing, unwritable } from '../jsonl/storage-failure.ts';

/**
 * A folder for us alone, on the disk where its content will go: secrets lie in it for a while. What a run that was
 * killed left there the next one for the same database removes.
 */
export class Staging {
  readonly path: string;
  readonly #lock: FileLock;

  private constructor(path: string, lock: FileLock) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder in `folder`; `use` and `database` (links resolved) make its name. Throws `LOCKED` where another
   * process is at the same work, `FILE_UNWRITABLE`, `NO_ROOM`.
   */
  static async make(
    folder: string,
    use: 'create' | 'restore',
    database: string,
    onTakenOver?: (holder: string) => void,
  ): Promise<Staging> {
    const digest = createHash('sha256').update(database).digest('hex').slice(0, 12);
    const path = join(folder, `.snapshot-${use}-${digest}.part`);
    const lock = await FileLock.take(path, onTakenOver);
    try {
      await removeFolder(path);
      await mkdir(path, { mode: 0o700 });
      return new Staging(path, lock);
    } catch (cause) {
      await lock.release();
      throw unwritable(path, cause);
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Throws `FILE_UNWRITABLE`. */
  async remove(): Promise<void> {
    try {
      await removeFolder(this.path);
    } catch (cause) {
      throw unwritable(this.path, cause);
    } finally {
      await this.#lock.release();
    }
  }
}

async function removeFolder(path: string): Promise<void> {
  const found: Stats | undefined = await unlessMissing(lstat(path));
  if (found === undefined) return;
  if (!found.isDirectory()) throw new Error('what is there is no folder');
  if (process.getuid !== undefined && found.uid !== process.getuid()) {
    throw new Error('it belongs to somebody else');
  }
  await rm(path, { recursive: true, force: true });
}
