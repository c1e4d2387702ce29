import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { assertRoom } from '../jsonl/free-space.ts';

/** A stretch of a spool, in bytes. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

const NO_ROOM_HINT = 'Make room, or name another place with TMPDIR.';

/** Pieces are gathered into writes of this size. */
const WRITE_BYTES = 1024 * 1024;

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
export class Spool {
  readonly #folder: string;
  readonly #path: string;
  readonly #fd: number;
  readonly #isUnlinked: boolean;
  readonly #isKept: boolean;
  readonly #buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #size = 0;

  /** Throws `TEMPORARY_FILE`. */
  constructor(folder: string, keepAs?: string) {
    this.#folder = folder;
    this.#path = join(folder, keepAs ?? `mesh-backup-${randomUUID()}.spool`);
    this.#isKept = keepAs !== undefined;
    try {
      this.#fd = openSync(this.#path, FLAGS, 0o600);
      this.#isUnlinked = !this.#isKept && process.platform !== 'win32';
      if (this.#isUnlinked) unlinkSync(this.#path);
    } catch (cause) {
      throw failure(folder, cause);
    }
  }

  /** Appends the pieces and tells where they went. Throws `NO_ROOM`, `TEMPORARY_FILE`. */
  append(pieces: Iterable<Uint8Array>): Extent {
    const start = this.#size;
    let used = 0;
    for (const piece of pieces) {
      if (used + piece.length > WRITE_BYTES) {
        this.#write(this.#buffer, used);
        used = 0;
      }
      if (piece.length > WRITE_BYTES) this.#write(piece, piece.length);
      else {
        this.#buffer.set(piece, used);
        used += piece.length;
      }
    }
    this.#write(this.#buffer, used);
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

  close(): void {
    closeSync(this.#fd);
    if (!this.#isUnlinked && !this.#isKept) unlinkSync(this.#path);
  }

  #write(bytes: Uint8Array, length: number): void {
    assertRoom(this.#folder, length, NO_ROOM_HINT);
    try {
      for (let at = 0; at < length;) {
        const written = writeSync(this.#fd, bytes, at, length - at, this.#size);
        at += written;
        this.#size += written;
      }
    } catch (cause) {
      throw failure(this.#folder, cause);
    }
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
