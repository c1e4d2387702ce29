import type { Dirent } from 'node:fs';
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { LineFile } from '../jsonl/line-file.ts';
import { codeOf, unlessMissing } from '../jsonl/storage-failure.ts';
import { readLeftover, type Leftover, type LeftoverOptions } from './leftover.ts';
import { WorkLog } from './work-log.ts';

const LOG_NAME = /^walk-\d+-\d+\.log$/;

/** What runs that were cut short left, all together. */
export type Leftovers = Omit<Leftover, 'isForeign'>;

/**
 * The folder beside a backup where a run writes down what it fetches (`FILE.work`), and where it finds what runs before
 * it left. The caller holds the backup's lock.
 */
export class WorkFolder {
  readonly path: string;
  readonly #isReadOnly: boolean;
  /** Logs of earlier runs, and this run's: of no use any more once the backup stands. */
  readonly #earlier: string[] = [];
  #own: string | undefined;
  readonly #open: { close(): Promise<void> | void }[] = [];

  private constructor(path: string, isReadOnly: boolean) {
    this.path = path;
    this.#isReadOnly = isReadOnly;
  }

  /** Where what does not fit into memory may wait; `undefined` in a folder that is only read. */
  get spillFolder(): string | undefined {
    return this.#isReadOnly ? undefined : this.path;
  }

  /** Makes the folder where it is missing, but for a read-only one. Throws `FILE_UNWRITABLE`. */
  static async open(path: string, isReadOnly: boolean): Promise<WorkFolder> {
    try {
      if (!isReadOnly) await mkdir(path, { mode: 0o700 }).catch(ignore('EEXIST'));
      const stat = await unlessMissing(lstat(path));
      if (stat !== undefined && !stat.isDirectory()) throw new Error('it is no folder');
      if (stat !== undefined && process.getuid !== undefined && stat.uid !== process.getuid()) {
        throw new Error('it belongs to somebody else');
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MeshBackupError('FILE_UNWRITABLE', `Cannot use ${path}: ${reason}`, { cause });
    }
    return new WorkFolder(path, isReadOnly);
  }

  /**
   * Reads what is there into runs, which are good until `close`; keys that it holds go to the ring.
   * Throws `FILE_UNREADABLE`, `NO_ROOM`, `TEMPORARY_FILE`.
   */
  async leftovers(options: LeftoverOptions): Promise<Leftovers> {
    const all: Leftover[] = [];
    for (const name of await this.#logNames()) {
      const path = join(this.path, name);
      const file = await LineFile.open(path);
      if (file === undefined) continue;
      this.#open.push(file);
      const leftover = await readLeftover(file, options);
      if (!leftover.isForeign) this.#earlier.push(path);
      all.push(leftover);
    }
    return {
      runs: all.flatMap(({ runs }) => runs),
      walks: all.flatMap(({ walks }) => walks),
      events: all.reduce((sum, { events }) => sum + events, 0),
      damaged: all.reduce((sum, { damaged }) => sum + damaged, 0),
    };
  }

  /** Begins this run's log; `undefined` in a folder that is only read. Throws as `WorkLog` does. */
  startLog(startedMs: number, filters: string): WorkLog | undefined {
    if (this.#isReadOnly) return undefined;
    const name = `walk-${startedMs}-${process.pid}.log`;
    const log = new WorkLog(this.path, name, { startedMs, filters });
    this.#own = join(this.path, name);
    this.#open.push(log);
    return log;
  }

  async close(): Promise<void> {
    for (const one of this.#open.splice(0)) await one.close();
  }

  /** Removes what stands in the backup by now, and the folder if nothing else is in it. */
  async remove(): Promise<void> {
    await this.close();
    for (const path of this.#earlier.splice(0)) await rm(path, { force: true });
    await this.removeOwn();
  }

  /** Removes this run's log only: it holds nothing. */
  async removeOwn(): Promise<void> {
    await this.close();
    if (this.#own !== undefined) await rm(this.#own, { force: true });
    await rmdir(this.path).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'));
  }

  async #logNames(): Promise<string[]> {
    const entries = await unlessMissing(readdir(this.path, { withFileTypes: true }));
    const isLog = (entry: Dirent): boolean => entry.isFile() && LOG_NAME.test(entry.name);
    return (entries ?? [])
      .filter(isLog)
      .map(({ name }) => name)
      .sort();
  }
}

function ignore(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(codeOf(error) ?? '')) throw error;
    return undefined;
  };
}
