import { existsSync } from 'node:fs';
import { MeshBackupError } from '../errors.ts';
import { asDatabaseError, sqliteCodeOf } from './database-error.ts';
import { existingDatabase } from './database-file.ts';
import { loadSqlite, type SqliteDatabase } from './load-sqlite.ts';
import { untilFree, type Patience } from './until-free.ts';

export interface OpenSettings extends Patience {
  readonly mode: 'read' | 'write';
  /** What to call it where something is wrong: a copy of ours is known to nobody. Default: its path. */
  readonly name?: string;
}

/**
 * Opens a database that is there and reads its schema, without trusting it: nothing that a schema names (triggers, views,
 * checks) can call a function that does more than compute. Whoever asked closes it; `withDatabase` leaves less behind.
 * `read`: what a process that died left half done is rolled back all the same, as SQLite does for everybody.
 * Throws `SQLITE_MISSING`, `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `DATABASE_FORMAT` (no database, encrypted, cut, empty),
 * `DATABASE_BUSY`, and the signal's reason.
 */
export async function openDatabase(path: string, settings: OpenSettings): Promise<SqliteDatabase> {
  const { name = path } = settings;
  const resolved = await existingDatabase(path, name);
  const isReadOnly = settings.mode === 'read';
  const connect = isReadOnly ? connectToRead : connectToWrite;
  const db = await untilFree(name, settings, await connect(resolved)).catch((error: unknown) => {
    throw asOpenError(name, error);
  });
  db.pragma(`busy_timeout = ${settings.busyTimeoutMs}`);
  return db;
}

/**
 * Opens a database for the time of `use`. Afterwards the files that SQLite makes beside a database in WAL mode are gone
 * again if they were not there before. Throws as `openDatabase` does, what `asDatabaseError` makes of what SQLite
 * throws in `use`, and whatever else `use` throws.
 */
export async function withDatabase<T>(
  path: string,
  settings: OpenSettings,
  use: (db: SqliteDatabase) => T | Promise<T>,
): Promise<T> {
  const { name = path } = settings;
  const work = async (): Promise<T> => {
    const db = await openDatabase(path, settings);
    try {
      return await use(db);
    } catch (cause) {
      throw asDatabaseError(name, cause);
    } finally {
      db.close();
    }
  };
  return settings.mode === 'read' ? settlingAfter(await existingDatabase(path, name), work) : work();
}

/** Also where a file cannot be read: SQLite makes a WAL before it has seen that. */
async function settlingAfter<T>(path: string, work: () => Promise<T>): Promise<T> {
  const hadWal = existsSync(`${path}-wal`);
  try {
    return await work();
  } finally {
    if (!hadWal && existsSync(`${path}-wal`)) await settle(path);
  }
}

/**
 * Has SQLite take what lies beside a database into it, and away, if nobody has it open; never throws. A connection that
 * may not write cannot remove the side files it made, and removing them ourselves could take them from somebody who has
 * just come. One that may write does it when it closes, under SQLite's own lock.
 */
export async function settle(path: string): Promise<void> {
  try {
    (await openDatabase(path, { mode: 'write', busyTimeoutMs: 0 })).close();
  } catch {
    // What is left is to be seen.
  }
}

/** With SQLite's own busy time-out at 0, and a pragma that must come before the first look into the file. */
export async function connectToWrite(path: string, pragma?: string): Promise<() => SqliteDatabase> {
  const Sqlite = await loadSqlite();
  return () => connected(new Sqlite(path, { fileMustExist: true, timeout: 0 }), pragma);
}

/**
 * Whether SQLite can make sense of a file, or may once it has rolled back what was left half done. Only looks: a
 * connection that may write takes away what lies beside a file, also when it cannot read the file. Throws `SQLITE_MISSING`.
 */
export async function isReadable(path: string): Promise<boolean> {
  const Sqlite = await loadSqlite();
  return settlingAfter(path, () => {
    try {
      connected(new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 0 })).close();
      return Promise.resolve(true);
    } catch (error) {
      return Promise.resolve(!/^SQLITE_(NOTADB|CORRUPT)/.test(sqliteCodeOf(error) ?? ''));
    }
  });
}

async function connectToRead(path: string): Promise<() => SqliteDatabase> {
  const Sqlite = await loadSqlite();
  return () => {
    try {
      return connected(new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 0 }));
    } catch (error) {
      if (sqliteCodeOf(error) !== 'SQLITE_READONLY_ROLLBACK') throw error;
      const db = connected(new Sqlite(path, { fileMustExist: true, timeout: 0 }));
      db.pragma('query_only = ON');
      return db;
    }
  };
}

function connected(db: SqliteDatabase, pragma?: string): SqliteDatabase {
  try {
    if (pragma !== undefined) db.pragma(pragma);
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    readSchema(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Reads all of the schema; within a transaction, from here on the database is seen as it is now. Throws SQLite's errors. */
export function readSchema(db: SqliteDatabase): void {
  db.prepare('SELECT count(*) FROM sqlite_schema').get();
}

function asOpenError(path: string, error: unknown): unknown {
  if (!(error instanceof MeshBackupError) || error.code !== 'DATABASE_DAMAGED') return error;
  return new MeshBackupError(
    'DATABASE_FORMAT',
    `${path} cannot be read as a database: it is cut or damaged.`,
    {
      cause: error.cause,
    },
  );
}
