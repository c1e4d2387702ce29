import { MeshBackupError } from '../errors.ts';
import type { SqliteDatabase } from '../sqlite/load-sqlite.ts';
import { listTables } from '../sqlite/tables.ts';

/** What marks the database of a Network Authority. Source: specification of Genesis Mesh. */
export const AUTHORITY_TABLES: readonly string[] = ['schema_version', 'audit_events'];
const OF_STIGMEM = 'node_meta';

/**
 * Asserts that a database is that of a Genesis Mesh authority; `name` is what to call it. Throws `DATABASE_SYSTEM` (a
 * Stigmem node's), `DATABASE_SCHEMA`, and SQLite's errors.
 */
export function assertAuthority(db: SqliteDatabase, name: string): void {
  const tables = new Set(listTables(db));
  const missing = AUTHORITY_TABLES.filter((table) => !tables.has(table));
  if (missing.length === 0) return;
  if (tables.has(OF_STIGMEM)) {
    throw new MeshBackupError(
      'DATABASE_SYSTEM',
      `${name} is the database of a Stigmem node, not of an authority.`,
      {
        hint: 'mesh-backup snapshot is for those.',
      },
    );
  }
  throw new MeshBackupError(
    'DATABASE_SCHEMA',
    `${name} is not the database of an authority: it has no table ${missing.join(', and no table ')}.`,
  );
}
