import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { onTestFinished } from 'vitest';

export const NOBODY = 65534;

const fixtures = new URL('../../fixtures/genesis/', import.meta.url);

/** A row of `audit_events`; the column's own value where it is no event. */
export interface AuditRow {
  readonly id?: string | null;
  readonly type?: string;
  readonly at?: string | number | null;
  readonly details?: unknown;
  /** Instead of an event: what stands in `event_json`, as SQL. */
  readonly sql?: string;
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A copy of the real authority's database. */
export function realAuthority(): string {
  const path = join(newFolder(), 'na.db');
  copyFileSync(new URL('na.db', fixtures), path);
  return path;
}

/** A database with the two tables and these events, closed. */
export function newAuthority(rows: readonly AuditRow[], journal: 'wal' | 'delete' = 'wal'): string {
  const path = join(newFolder(), 'na.db');
  const db = new Sqlite(path);
  db.pragma(`journal_mode = ${journal}`);
  db.exec(`
    CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL);
    CREATE TABLE audit_events (event_id TEXT PRIMARY KEY, event_json TEXT, created_at TEXT);`);
  addEvents(db, rows);
  db.close();
  return path;
}

export function addEvents(db: Database, rows: readonly AuditRow[]): void {
  db.transaction(() => {
    for (const [at, row] of rows.entries()) {
      const { id = `event-${at}`, type = 'node_joined', at: moment = '2026-11-21T00:00:00+00:00' } = row;
      const event = { created_at: moment, details: row.details ?? {}, event_id: id, event_type: type };
      const sql = row.sql ?? '?';
      const values = row.sql === undefined ? [JSON.stringify(event)] : [];
      db.prepare(`INSERT INTO audit_events VALUES (?, ${sql}, ?)`).run(id, ...values, moment);
    }
  })();
}

const isRoot = process.getuid?.() === 0;

/** Makes `na.db` in this folder a file that we may read and nothing more, as far as root can be kept from writing: as nobody. */
export function asNobody(folder: string, mode: number): void {
  chmodSync(join(folder, 'na.db'), 0o444);
  chmodSync(folder, mode);
  onTestFinished(() => {
    becomeRoot();
    chmodSync(folder, 0o755);
  });
  if (isRoot) process.seteuid!(NOBODY);
}

export function becomeRoot(): void {
  if (isRoot) process.seteuid!(0);
}
