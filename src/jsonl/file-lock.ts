import { MeshBackupError } from '../errors.ts';
import {
  isSame,
  makeLock,
  readLock,
  removeLock,
  removeOldDrafts,
  type FoundLock,
  type LockFile,
} from './lock-file.ts';
import { isGone } from './process-identity.ts';

/** How long a lock file may be garbage: where there are no hard links it is made empty and written then. */
const GARBAGE_MS = 10_000;

/**
 * Keeps other processes of ours off a file, by a lock file beside it that says who holds it. A lock whose holder is gone
 * is taken over; one whose holder cannot be looked at (another host, container or user) is not.
 */
export class FileLock {
  readonly #lockPath: string;
  readonly #made: LockFile;

  private constructor(lockPath: string, made: LockFile) {
    this.#lockPath = lockPath;
    this.#made = made;
  }

  /**
   * Takes `${path}.lock`. `onTakenOver` is told in words who held it before, if that is gone.
   * Throws `LOCKED`, `FILE_UNWRITABLE`, `NO_ROOM`.
   */
  static async take(path: string, onTakenOver?: (holder: string) => void): Promise<FileLock> {
    return FileLock.#take(path, `${path}.lock`, onTakenOver);
  }

  /**
   * Who holds `${path}.lock`, in words; `undefined` where nobody does, or who did is gone. Makes and changes nothing, so
   * it says what was, no more. Throws `FILE_UNWRITABLE` as `take` does.
   */
  static async holderOf(path: string): Promise<string | undefined> {
    const found = await readLock(`${path}.lock`);
    return found === undefined || isDead(found, Date.now()) ? undefined : inWords(found);
  }

  /** Removes the lock file if it is still ours. Throws `FILE_UNWRITABLE`. */
  async release(): Promise<void> {
    const found = await readLock(this.#lockPath);
    if (found && isSame(found, this.#made)) await removeLock(this.#lockPath);
  }

  static async #take(
    path: string,
    lockPath: string,
    onTakenOver?: (holder: string) => void,
  ): Promise<FileLock> {
    let holderBefore: string | undefined;
    for (;;) {
      const { made, now } = await makeLock(lockPath);
      if (made) {
        if (holderBefore !== undefined) onTakenOver?.(holderBefore);
        await removeOldDrafts(lockPath, now);
        return new FileLock(lockPath, made);
      }
      const found = await readLock(lockPath);
      if (found === undefined) continue; // just released
      if (!isDead(found, now)) throw locked(path, lockPath, found);
      if (await FileLock.#removeDead(path, lockPath, found)) holderBefore = goneInWords(found);
    }
  }

  /**
   * Two that find the same dead lock must not remove one after the other: the second would remove the lock that the
   * first has just taken. So who removes holds a lock on the lock, and looks again.
   */
  static async #removeDead(path: string, lockPath: string, dead: FoundLock): Promise<boolean> {
    const guard = await FileLock.#take(path, `${lockPath}.lock`);
    try {
      const found = await readLock(lockPath);
      if (!found || !isSame(found, dead) || found.mtimeMs !== dead.mtimeMs) return false;
      await removeLock(lockPath);
      return true;
    } finally {
      await guard.release();
    }
  }
}

function isDead({ holder, mtimeMs }: FoundLock, now: number): boolean {
  if (holder === 'foreign') return false;
  // A time to come is as bad: the clock was set back since.
  return holder === 'garbage' ? Math.abs(now - mtimeMs) > GARBAGE_MS : isGone(holder);
}

function inWords({ holder }: FoundLock): string {
  return typeof holder === 'string'
    ? 'a process that we cannot look at'
    : `process ${holder.pid} on ${holder.host} since ${holder.taken}`;
}

function goneInWords({ holder }: FoundLock): string {
  if (typeof holder === 'string') return 'a process that left no name';
  return `process ${holder.pid} of ${holder.host}, which is gone`;
}

function locked(path: string, lockPath: string, found: FoundLock): MeshBackupError {
  return new MeshBackupError('LOCKED', `${path} is in use by ${inWords(found)}.`, {
    hint: `Wait until it is done. If that process is gone, remove ${lockPath}.`,
    retryable: true,
  });
}
