import { backUpDatabase, type BackUpSettings, type DatabaseBackup } from '../sqlite/back-up-database.ts';
import { withDatabase } from '../sqlite/open-database.ts';
import { assertAuthority } from './assert-authority.ts';

/** Backs an authority's database up while it runs. Throws as `backUpDatabase` does, and `DATABASE_SYSTEM`, `DATABASE_SCHEMA`. */
export async function backUpAuthority(
  dbPath: string,
  backupPath: string,
  settings: BackUpSettings,
): Promise<DatabaseBackup> {
  await withDatabase(dbPath, { ...settings, mode: 'read' }, (db) => {
    assertAuthority(db, dbPath);
  });
  return backUpDatabase(dbPath, backupPath, settings);
}
