import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { unlessMissing, unwritable } from '../jsonl/storage-failure.ts';
import { syncFolder } from '../jsonl/sync-folder.ts';
import type { SqliteDatabase } from './load-sqlite.ts';
import { connectToWrite, openDatabase, readSchema } from './open-database.ts';
import { findOwner, inUse } from './running-owner.ts';
import { sideFiles } from './side-files.ts';
import { untilFree, type Patience } from './until-free.ts';

/**
 * A database that nobody else can read or write while we hold it, whole in its one file: what a process that died left
 * in a WAL or journal is taken in or rolled back, and no side file lies beside it.
 */
export class HeldDatabase {
  readonly db: SqliteDatabase;
  readonly wasWal: boolean;
  readonly #path: string;

  private constructor(path: string, db: SqliteDatabase, wasWal: boolean) {
    this.#path = path;
    this.db = db;
    this.wasWal = wasWal;
  }

  /**
   * `path` has its links resolved. Throws `DATABASE_IN_USE`, `DATABASE_BUSY`, as `openDatabase` does, and
   * `FILE_UNWRITABLE`; the database is in its journal mode then.
   */
  static async take(path: string, patience: Patience): Promise<HeldDatabase> {
    // What cannot be opened at all is told apart here, with nothing changed.
    const journalMode = await journalModeOf(path, patience);
    const wasWal = journalMode === 'wal';
    const db = await untilFree(path, patience, await connectHolding(path)).catch(async (error: unknown) => {
      throw await asHoldError(path, error, wasWal);
    });
    const held = new HeldDatabase(path, db, wasWal);
    try {
      if (db.pragma('journal_mode', { simple: true }) !== 'delete') {
        throw inUse(path, 'its journal mode cannot be changed');
      }
      await held.#removeSideFiles();
      return held;
    } catch (error) {
      await held.giveBack();
      throw error;
    }
  }

  /** Ends the hold on a database that stays: in the journal mode in which it was. */
  async giveBack(): Promise<void> {
    this.db.close();
    if (!this.wasWal) return;
    try {
      const db = await openDatabase(this.#path, { mode: 'write', busyTimeoutMs: 1000 });
      try {
        db.pragma('journal_mode = WAL');
      } finally {
        db.close();
      }
    } catch {
      // Whoever has come meanwhile may use it as it is: it is whole, and the mode is a matter of speed.
    }
  }

  /** Ends the hold on a database that was replaced. */
  leave(): void {
    this.db.close();
  }

  /**
   * With the only connection there is, after SQLite has made the database whole: what is left is a journal whose header
   * was wiped, and an index of a WAL that is gone.
   */
  async #removeSideFiles(): Promise<void> {
    try {
      for (const name of sideFiles(this.#path)) await unlessMissing(unlink(name));
    } catch (cause) {
      throw unwritable(this.#path, cause);
    }
    await syncFolder(dirname(this.#path));
  }
}

async function journalModeOf(path: string, patience: Patience): Promise<string> {
  const db = await openDatabase(path, { ...patience, mode: 'write' });
  try {
    return await untilFree(path, patience, () => String(db.pragma('journal_mode', { simple: true })));
  } finally {
    db.close();
  }
}

/**
 * In exclusive locking mode from the very start, so that there is no moment between the switch of the journal mode and
 * the lock at which somebody could come. The lock outlasts the transaction that takes it: a backup cannot be made from
 * a connection in one.
 */
async function connectHolding(path: string): Promise<() => SqliteDatabase> {
  const connect = await connectToWrite(path, 'locking_mode = EXCLUSIVE');
  return () => {
    const db = connect();
    try {
      db.pragma('journal_mode = DELETE');
      db.exec('BEGIN EXCLUSIVE');
      db.exec('COMMIT');
      readSchema(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
}

async function asHoldError(path: string, error: unknown, isWal: boolean): Promise<unknown> {
  if (!(error instanceof MeshBackupError) || error.code !== 'DATABASE_BUSY') return error;
  const pid = await findOwner(path);
  if (pid !== undefined) return inUse(path, `process ${pid} has it open`, error);
  // In WAL mode each connection is in the way, busy or not.
  return isWal ? inUse(path, 'another process has it open', error) : error;
}
