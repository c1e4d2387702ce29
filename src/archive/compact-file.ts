import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { isUnchanged, readFileState, type FileState } from '../jsonl/file-state.ts';
import { assertRoom } from '../jsonl/free-space.ts';
import { keepAsideSomewhere } from '../jsonl/keep-aside.ts';
import { LineFile } from '../jsonl/line-file.ts';
import { Replacement } from '../jsonl/replacement.ts';
import { unwritable } from '../jsonl/storage-failure.ts';
import type { CompactDestination } from './compact-options.ts';

export interface CompactFileOptions {
  /** Compress. A backup that is compressed stays so, and one named `.gz` is. */
  readonly gzip: boolean;
  /** Leave out what the file holds; that stays, as `FILE.old`. */
  readonly fresh: boolean;
  /** Change nothing, and take no lock. */
  readonly isRehearsal: boolean;
  /** Told of a dead process whose lock was taken over, in words. */
  readonly onTakenOver?: ((holder: string) => void) | undefined;
}

/**
 * The backup that a compaction makes. What it holds is one of the inputs, so that nobody loses it who forgets to name it
 * (unless `fresh`). Until `commit` the file is what it was; `close` in any case.
 */
export class CompactFile implements CompactDestination {
  readonly path: string;
  readonly spill: CompactDestination['spill'];
  readonly gzip: boolean;
  /** What it holds, to be read with the other inputs; closed by `close`. `undefined`: nothing is to be read from it. */
  readonly file: LineFile | undefined;
  /** Which file it is; `undefined`: none yet. */
  readonly identity: string | undefined;
  readonly #lock: FileLock | undefined;
  readonly #state: FileState | undefined;
  readonly #options: CompactFileOptions;
  #replacement: Replacement | undefined;

  private constructor(
    path: string,
    parts: { lock: FileLock | undefined; state: FileState | undefined; file: LineFile | undefined },
    options: CompactFileOptions,
  ) {
    this.path = path;
    this.gzip = options.gzip || path.endsWith('.gz') || parts.file?.isCompressed === true;
    this.file = options.fresh ? undefined : parts.file;
    this.identity = parts.state?.identity;
    this.#lock = parts.lock;
    this.#state = parts.state;
    this.#options = options;
    if (!options.isRehearsal) this.spill = spillOf(path);
  }

  /** `path` has its links resolved. Throws `LOCKED`, `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `NO_ROOM`. */
  static async open(path: string, options: CompactFileOptions): Promise<CompactFile> {
    const lock = options.isRehearsal ? undefined : await FileLock.take(path, options.onTakenOver);
    try {
      if (lock !== undefined) await removeSpool(spillOf(path));
      const state = await readFileState(path);
      const file = await LineFile.open(path);
      if (options.fresh) await file?.close();
      return new CompactFile(path, { lock, state, file }, options);
    } catch (error) {
      await lock?.release();
      throw error;
    }
  }

  /**
   * Asserts that the disk takes what is sure to be written: no less than the largest input. How much of the others are
   * copies, only the merge knows; whatever is written looks again. Throws `NO_ROOM`.
   */
  assertRoomFor(inputs: readonly LineFile[]): void {
    if (this.#options.isRehearsal) return;
    const sizes = inputs
      .filter(({ size, isCompressed }) => Number.isFinite(size) && (isCompressed || !this.gzip))
      .map(({ size }) => size);
    assertRoom(dirname(this.path), Math.max(0, ...sizes));
  }

  /** Throws as `Replacement.write` does. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#options.isRehearsal) return;
    this.#replacement ??= await Replacement.begin(this.path);
    await this.#replacement.write(bytes);
  }

  /**
   * Puts what was written in the file's place. Returns where the old content went, if it is not all in there:
   * `isDamaged` says that it could not be read whole. Throws as `Replacement.commit` and `keepAsideSomewhere` do, and
   * `FILE_CHANGED`; the file is then what it was.
   */
  async commit(isDamaged: boolean): Promise<string | undefined> {
    if (this.#options.isRehearsal) return undefined;
    this.#replacement ??= await Replacement.begin(this.path);
    // Others need not know our lock: what they wrote meanwhile would be lost.
    if (!isUnchanged(this.#state, await readFileState(this.path))) throw changed(this.path);
    const ending = this.#options.fresh ? 'old' : isDamaged ? 'damaged' : undefined;
    const isKept = ending !== undefined && this.#state !== undefined && this.#state.size > 0;
    const aside = isKept ? await keepAsideSomewhere(this.path, `${this.path}.${ending}`) : undefined;
    await this.#replacement.commit();
    return aside;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    try {
      await this.#replacement?.discard();
      await this.file?.close();
    } finally {
      await this.#lock?.release();
    }
  }
}

function spillOf(path: string): { readonly folder: string; readonly heldName: string } {
  return { folder: dirname(path), heldName: `${basename(path)}.spool` };
}

/** Its name is there for a moment only, which is when a run can be killed, too. */
async function removeSpool({ folder, heldName }: { folder: string; heldName: string }): Promise<void> {
  const path = join(folder, heldName);
  await rm(path, { force: true }).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
}

function changed(path: string): MeshBackupError {
  return new MeshBackupError('FILE_CHANGED', `${path} was changed by somebody else while we ran.`, {
    hint: 'It is left as it is. Run again.',
  });
}
