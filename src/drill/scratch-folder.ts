import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';

const PREFIX = 'mesh-backup-drill-';

/** A folder for us alone that is gone at the end: what lies in it holds secrets. Of runs that were killed, too. */
export class ScratchFolder {
  readonly path: string;
  readonly #lock: FileLock;

  private constructor(path: string, lock: FileLock) {
    this.path = path;
    this.#lock = lock;
  }

  /** Throws `TEMPORARY_FILE`. */
  static async make(): Promise<ScratchFolder> {
    try {
      await sweep();
      const path = join(tmpdir(), `${PREFIX}${randomUUID()}`);
      const lock = await FileLock.take(path);
      await mkdir(path, { mode: 0o700 });
      return new ScratchFolder(path, lock);
    } catch (cause) {
      throw failed(tmpdir(), cause);
    }
  }

  /** Throws `TEMPORARY_FILE`. */
  async remove(): Promise<void> {
    try {
      await rm(this.path, { recursive: true, force: true });
    } catch (cause) {
      throw failed(this.path, cause);
    } finally {
      await this.#lock.release();
    }
  }
}

/** Whose lock is dead, that folder is nobody's any more. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name.replace(/\.lock$/, ''));
    if (!name.startsWith(PREFIX) || !name.endsWith('.lock')) continue;
    try {
      const dead: string[] = [];
      const lock = await FileLock.take(path, (holder) => dead.push(holder));
      if (dead.length > 0) await rm(path, { recursive: true, force: true });
      await lock.release();
    } catch {
      // Somebody's who lives, or another user's.
    }
  }
}

function failed(path: string, cause: unknown): MeshBackupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MeshBackupError('TEMPORARY_FILE', `No scratch folder: ${path}: ${reason}`, { cause });
}
