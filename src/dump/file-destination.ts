import { dirname } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { isUnchanged, readFileState, type FileState } from '../jsonl/file-state.ts';
import { assertRoom } from '../jsonl/free-space.ts';
import { keepAsideSomewhere } from '../jsonl/keep-aside.ts';
import { LineFile } from '../jsonl/line-file.ts';
import { Replacement } from '../jsonl/replacement.ts';
import type { Destination, PriorBackup } from './destination.ts';
import { OldContent } from './old-content.ts';
import { WorkFolder } from './work-folder.ts';

export interface FileDestinationOptions {
  /** Leave the old content out; it is kept as `FILE.old` until a run ends well. */
  readonly fresh: boolean;
  /** Compress. A backup that is compressed stays so, and one named `.gz` is. */
  readonly gzip: boolean;
  /** Read all that a dump would read, change nothing. */
  readonly isRehearsal: boolean;
  /** Told of a dead process whose lock was taken over, in words. */
  readonly onTakenOver?: (holder: string) => void;
}

/**
 * A backup that becomes the union of what it held, what runs that were cut short left in `FILE.work`, and what peers
 * give. After `dump` either `commit` or `leave`; `close` in any case. Until `commit` the file is what it was.
 */
export class FileDestination implements Destination {
  readonly path: string;
  readonly prior: PriorBackup | undefined;
  readonly work: WorkFolder;
  readonly gzip: boolean;
  readonly #lock: FileLock | undefined;
  readonly #file: LineFile | undefined;
  readonly #old: OldContent;
  readonly #isRehearsal: boolean;
  /** What the file was when it was opened. */
  readonly #state: FileState | undefined;
  #replacement: Replacement | undefined;

  private constructor(
    path: string,
    parts: {
      lock: FileLock | undefined;
      file: LineFile | undefined;
      state: FileState | undefined;
      work: WorkFolder;
      old: OldContent;
    },
    { gzip, isRehearsal }: FileDestinationOptions,
  ) {
    const { lock, file, state, work, old } = parts;
    this.#state = state;
    this.path = path;
    this.work = work;
    this.#lock = lock;
    this.#file = file;
    this.#old = old;
    this.#isRehearsal = isRehearsal;
    this.gzip = gzip || path.endsWith('.gz') || file?.isCompressed === true;
    this.prior =
      file === undefined || old.goesAside ? undefined : { file, role: 'kept', isAppendedTo: false };
  }

  /**
   * `path` has its links resolved. Throws `LOCKED`, `NO_ROOM` where not even the old content would fit once more,
   * `FILE_UNREADABLE`, `FILE_UNWRITABLE`.
   */
  static async open(path: string, options: FileDestinationOptions): Promise<FileDestination> {
    const { fresh, isRehearsal, onTakenOver } = options;
    const lock = isRehearsal ? undefined : await FileLock.take(path, onTakenOver);
    let file: LineFile | undefined;
    try {
      const state = await readFileState(path);
      file = await LineFile.open(path);
      if (file !== undefined && !isRehearsal) assertRoom(dirname(path), file.size);
      const work = await WorkFolder.open(`${path}.work`, isRehearsal);
      const old = await OldContent.open(path, work.path, fresh);
      return new FileDestination(path, { lock, file, state, work, old }, options);
    } catch (error) {
      await file?.close();
      await lock?.release();
      throw error;
    }
  }

  /** Throws as `Replacement.write` does. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#isRehearsal) return;
    this.#replacement ??= await Replacement.begin(this.path);
    await this.#replacement.write(bytes);
  }

  /**
   * Puts what was written in the file's place. Returns where the old content went, if not all of it could be read.
   * `isSuccess`: the run ended well, what went aside is not needed any more.
   * Throws as `Replacement.commit` and `keepAside` do, and `FILE_CHANGED`; the file is then what it was.
   */
  async commit(isSuccess: boolean): Promise<string | undefined> {
    if (this.#isRehearsal) return undefined;
    this.#replacement ??= await Replacement.begin(this.path);
    await this.#assertUnchanged();
    const isDamaged = this.prior !== undefined && this.prior.file.damage.length > 0;
    const aside = isDamaged ? await keepAsideSomewhere(this.path, `${this.path}.damaged`) : undefined;
    await this.#old.keep();
    await this.#replacement.commit();
    if (isSuccess) await this.#old.drop();
    await this.work.remove();
    return aside;
  }

  /** Others need not know our lock: what they wrote meanwhile would be lost. */
  async #assertUnchanged(): Promise<void> {
    if (isUnchanged(this.#state, await readFileState(this.path))) return;
    throw new MeshBackupError('FILE_CHANGED', `${this.path} was changed by somebody else while we ran.`, {
      hint: 'It is left as it is. Run again: what was fetched waits beside it.',
    });
  }

  /** Leaves the file as it is, and what earlier runs left: nothing was given. */
  async leave(): Promise<void> {
    if (!this.#isRehearsal) await this.work.removeOwn();
  }

  /** Ends it all. What was fetched and not committed stays in the work folder for the next run. */
  async close(): Promise<void> {
    try {
      await this.#replacement?.discard();
      await this.#file?.close();
      await this.work.close();
    } finally {
      await this.#lock?.release();
    }
  }
}
