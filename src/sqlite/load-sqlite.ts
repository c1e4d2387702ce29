import type { default as Sqlite, Database } from 'better-sqlite3';
import { MeshBackupError } from '../errors.ts';

export type SqliteDatabase = Database;

let loaded: Promise<typeof Sqlite> | undefined;

/**
 * Loads better-sqlite3 when it is first needed: all that has nothing to do with SQLite works without it.
 * Throws `SQLITE_MISSING`.
 */
export async function loadSqlite(): Promise<typeof Sqlite> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<typeof Sqlite> {
  try {
    const { default: constructor } = await import('better-sqlite3');
    // The compiled part is loaded with the first database only.
    new constructor(':memory:').close();
    return constructor;
  } catch (cause) {
    throw new MeshBackupError('SQLITE_MISSING', 'better-sqlite3 is not installed here, or does not load.', {
      cause,
      hint: 'Run npm rebuild better-sqlite3: where there is no compiled one for this Node, that needs Python, make and a C++ compiler.',
    });
  }
}
