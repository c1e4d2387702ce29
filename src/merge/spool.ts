import { randomUUID } from 'node:crypto';
import { closeSync, constants, fdatasync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MeshBackupError } from '../errors.ts';
import { assertRoom } from '../jsonl/free-space.ts';
import type { ByteStore, Extent } from './blocks.ts';

const NO_ROOM_HINT = 'Make room. Temporary files lie beside the backup of -o, else where TMPDIR says.';

const FLAGS =
  constants.O_RDWR |
  constants.O_CREAT |
  constants.O_EXCL |
  (process.platform === 'win32' ? 0 : constants.O_NOFOLLOW);

/**
 * A private file that is written at its end and read anywhere. Its name is gone as soon as it is open (where the system
 * can), so nothing is left of it whatever happens; with `keepAs` it stays under that name, which must be free.
 * Writing and reading block: that keeps their order obvious, and they mostly meet the page cache.
 */
export class Spool implements ByteStore {
  readonly #folder: string;
  readonly #path: string;
  readonly #fd: number;
  readonly #isUnlinked: boolean;
  readonly #isKept: boolean;
  #size = 0;

  /**
   * `heldName` is a name that the caller holds by a lock, and removes where a run that was killed between two calls left
   * it. Throws `TEMPORARY_FILE`.
   */
  constructor(folder: string, keepAs?: string, heldName?: string) {
    this.#folder = folder;
    this.#path = join(folder, keepAs ?? heldName ?? `mesh-backup-${randomUUID()}.spool`);
    this.#isKept = keepAs !== undefined;
    try {
      this.#fd = openSync(this.#path, FLAGS, 0o600);
      this.#isUnlinked = !this.#isKept && process.platform !== 'win32';
      if (this.#isUnlinked) unlinkSync(this.#path);
    } catch (cause) {
      throw failure(folder, cause);
    }
  }

  /** Appends bytes, best many at a time, and tells where they went. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  append(bytes: Uint8Array): Extent {
    const start = this.#size;
    assertRoom(this.#folder, bytes.length, NO_ROOM_HINT);
    try {
      for (let at = 0; at < bytes.length;) {
        const written = writeSync(this.#fd, bytes, at, bytes.length - at, this.#size);
        at += written;
        this.#size += written;
      }
    } catch (cause) {
      throw failure(this.#folder, cause);
    }
    return { start, end: this.#size };
  }

  /** Fills the buffer as far as the extent goes from `from` on; returns the number of bytes. Throws `TEMPORARY_FILE`. */
  read(buffer: Buffer, from: number, end: number): number {
    try {
      return readSync(this.#fd, buffer, 0, Math.min(buffer.length, end - from), from);
    } catch (cause) {
      throw failure(this.#folder, cause);
    }
  }

  /** Resolves when what was appended is on the disk. Throws `TEMPORARY_FILE`. */
  async sync(): Promise<void> {
    try {
      await promisify(fdatasync)(this.#fd);
    } catch (cause) {
      throw failure(this.#folder, cause);
    }
  }

  close(): void {
    closeSync(this.#fd);
    if (!this.#isUnlinked && !this.#isKept) unlinkSync(this.#path);
  }
}

function failure(folder: string, cause: unknown): MeshBackupError {
  if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') return noRoom(folder);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MeshBackupError('TEMPORARY_FILE', `Cannot keep a temporary file in ${folder}: ${reason}`, {
    cause,
  });
}

function noRoom(folder: string): MeshBackupError {
  return new MeshBackupError('NO_ROOM', `No room left for temporary files in ${folder}.`, {
    hint: NO_ROOM_HINT,
  });
}
