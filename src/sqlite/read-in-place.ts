import { readFile, stat } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { unlessMissing, unreadable } from '../jsonl/storage-failure.ts';
import { asDatabaseError, sqliteCodeOf } from './database-error.ts';
import { existingDatabase } from './database-file.ts';
import { loadSqlite, type SqliteDatabase } from './load-sqlite.ts';
import { readSchema, withDatabase } from './open-database.ts';
import { sideFiles } from './side-files.ts';
import type { Patience } from './until-free.ts';

/** A larger database is not taken into memory. */
const MAX_BYTES = 512 * 1024 * 1024;
/** Where a database's header says whether it is in WAL mode (2) or not (1). */
const MODE_BYTES = [18, 19];
/** How SQLite says that it cannot make the files that WAL mode needs. */
const NO_PLACE = new Set(['SQLITE_READONLY_DIRECTORY', 'SQLITE_READONLY_CANTINIT', 'SQLITE_CANTOPEN']);

/**
 * `withDatabase` for reading, which also works for a database in WAL mode that lies where nothing can be put beside it: on
 * a read-only mount, in somebody else's folder. While somebody uses it, it can be read there like any; else it is taken
 * into memory, as it is one whole file then. Throws what `withDatabase` throws, and `DATABASE_BUSY`.
 */
export async function readDatabase<T>(
  path: string,
  patience: Patience,
  use: (db: SqliteDatabase) => T | Promise<T>,
): Promise<T> {
  const progress = { isOpen: false };
  try {
    return await withDatabase(path, { ...patience, mode: 'read' }, (db) => {
      progress.isOpen = true;
      return use(db);
    });
  } catch (error) {
    const isInNeed =
      !progress.isOpen && error instanceof MeshBackupError && NO_PLACE.has(sqliteCodeOf(error.cause) ?? '');
    const bytes = isInNeed ? await readStill(path) : undefined;
    if (bytes === undefined) throw error;
    return useInMemory(path, bytes, use);
  }
}

/** The bytes of a database that nobody has open; `undefined` where somebody has, or did when they died, and where it is too large. */
async function readStill(path: string): Promise<Buffer | undefined> {
  const resolved = await existingDatabase(path);
  try {
    const before = await stat(resolved, { bigint: true });
    for (const name of sideFiles(resolved)) {
      if ((await unlessMissing(stat(name))) !== undefined) return undefined;
    }
    if (before.size > MAX_BYTES) return undefined;
    const bytes = await readFile(resolved);
    const after = await stat(resolved, { bigint: true });
    if (
      before.ino === after.ino &&
      before.mtimeNs === after.mtimeNs &&
      before.size === BigInt(bytes.length)
    ) {
      return bytes;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw new MeshBackupError('DATABASE_BUSY', `${path} was changed while it was read.`, {
    hint: 'Try again.',
    retryable: true,
  });
}

async function useInMemory<T>(
  path: string,
  bytes: Buffer,
  use: (db: SqliteDatabase) => T | Promise<T>,
): Promise<T> {
  const Sqlite = await loadSqlite();
  for (const at of MODE_BYTES) bytes[at] = 1;
  let db: SqliteDatabase | undefined;
  try {
    db = new Sqlite(bytes, { readonly: true });
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    readSchema(db);
    return await use(db);
  } catch (cause) {
    throw asDatabaseError(path, cause);
  } finally {
    db?.close();
  }
}
