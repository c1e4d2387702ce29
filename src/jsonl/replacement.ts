import { constants, type Stats } from 'node:fs';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { assertRoom } from './free-space.ts';
import { codeOf, unlessMissing, unwritable } from './storage-failure.ts';
import { syncFolder } from './sync-folder.ts';
import { writeFully } from './write-fully.ts';

const FLAGS =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_EXCL |
  (process.platform === 'win32' ? 0 : constants.O_NOFOLLOW);

/** New content for a file: written beside it, put in its place at the end. The caller holds the file's lock. */
export class Replacement {
  readonly #path: string;
  readonly #partPath: string;
  readonly #folder: string;
  readonly #part: FileHandle;
  #state: 'open' | 'failed' | 'closed' = 'open';

  private constructor(path: string, partPath: string, part: FileHandle) {
    this.#path = path;
    this.#partPath = partPath;
    this.#folder = dirname(path);
    this.#part = part;
  }

  /**
   * `path` has its links resolved. Makes `${path}.part`, for us alone; what a dead run left there is removed first.
   * Throws `FILE_UNWRITABLE`, `NO_ROOM`.
   */
  static async begin(path: string): Promise<Replacement> {
    const partPath = `${path}.part`;
    assertRoom(dirname(path), 0);
    try {
      await unlessMissing(unlink(partPath));
      return new Replacement(path, partPath, await open(partPath, FLAGS, 0o600));
    } catch (cause) {
      throw unwritable(partPath, cause);
    }
  }

  /** One at a time. After an error there is nothing to commit. Throws `NO_ROOM`, `FILE_UNWRITABLE`. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#attempt(async () => {
      assertRoom(this.#folder, bytes.length);
      await writeFully(this.#part.fd, bytes);
    });
  }

  /**
   * Makes the content durable and puts it in the file's place, with the mode and (where we may) the owner of the file
   * that was there. After it the file is the new one. Throws `FILE_UNWRITABLE`, `NO_ROOM`.
   */
  async commit(): Promise<void> {
    await this.#attempt(async () => {
      const replaced = await unlessMissing(lstat(this.#path));
      if (replaced?.isFile() === false) throw new Error('what is there is no file');
      if (replaced) await takeAfter(this.#part, replaced);
      await this.#part.sync();
      if (!(await this.#isOurs())) throw new Error('somebody else has put a .part of their own in our place');
      await rename(this.#partPath, this.#path);
    });
    this.#state = 'closed';
    await this.#part.close();
    await syncFolder(this.#folder);
  }

  /** Removes the part; idempotent; nothing after commit. Throws `FILE_UNWRITABLE`. */
  async discard(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    try {
      if (await this.#isOurs()) await unlink(this.#partPath);
    } catch (cause) {
      throw unwritable(this.#partPath, cause);
    } finally {
      await this.#part.close();
    }
  }

  async #attempt(step: () => Promise<void>): Promise<void> {
    try {
      if (this.#state !== 'open') throw new Error('its new content is not whole, or is there already');
      await step();
    } catch (cause) {
      if (this.#state === 'open') this.#state = 'failed';
      throw unwritable(this.#path, cause);
    }
  }

  /** Whether the part's name is still that of what we write. */
  async #isOurs(): Promise<boolean> {
    const [named, written] = [await unlessMissing(lstat(this.#partPath)), await this.#part.stat()];
    return named?.dev === written.dev && named.ino === written.ino;
  }
}

/** Never opens the content to anybody who could not read it before. */
export async function takeAfter(part: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await part.stat();
  const hasGroup = own.gid === gid || (await mayChown(part, own.uid, gid));
  if (own.uid !== uid) await mayChown(part, uid, hasGroup ? gid : own.gid);
  // Under another group, the group may what all others may.
  await part.chmod(hasGroup ? mode & 0o777 : (mode & 0o707) | ((mode & 0o007) << 3));
}

async function mayChown(part: FileHandle, uid: number, gid: number): Promise<boolean> {
  try {
    await part.chown(uid, gid);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EPERM' || codeOf(error) === 'EINVAL') return false;
    throw error;
  }
}
