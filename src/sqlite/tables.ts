import type { SqliteDatabase } from './load-sqlite.ts';

/** The names of a database's own tables: neither views nor virtual tables, which can be anything. Throws SQLite's errors. */
export function listTables(db: SqliteDatabase): string[] {
  return db
    .prepare<[], { name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name",
    )
    .all()
    .map(({ name }) => name);
}

/** Whether all of these are among the tables. Throws SQLite's errors. */
export function hasTables(db: SqliteDatabase, names: readonly string[]): boolean {
  const tables = new Set(listTables(db));
  return names.every((name) => tables.has(name));
}
