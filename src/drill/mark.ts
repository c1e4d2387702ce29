import { withDatabase } from '../sqlite/open-database.ts';
import { hasTables } from '../sqlite/tables.ts';

const TABLE = 'mesh_backup_drill';
const BUSY_TIMEOUT_MS = 1000;

/** Changes a scratch database in a way that no system of its own knows. Throws as `withDatabase` does. */
export async function leaveMark(path: string): Promise<void> {
  await withDatabase(path, { mode: 'write', busyTimeoutMs: BUSY_TIMEOUT_MS }, (db) =>
    db.exec(`CREATE TABLE ${TABLE} (id INTEGER)`),
  );
}

/** Throws as `withDatabase` does. */
export async function hasMark(path: string): Promise<boolean> {
  return withDatabase(path, { mode: 'read', busyTimeoutMs: BUSY_TIMEOUT_MS }, (db) => hasTables(db, [TABLE]));
}
