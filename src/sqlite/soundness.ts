import { MeshBackupError } from '../errors.ts';
import { MAX_FINDINGS, MAX_LENGTH, type CheckReport, type Orphan } from './check-apart.ts';
import { sqliteCodeOf } from './database-error.ts';
import type { SqliteDatabase } from './load-sqlite.ts';
import { withDatabase } from './open-database.ts';
import type { Patience } from './until-free.ts';

/**
 * Asserts that a database is whole, by SQLite's own checks. Throws `DATABASE_DAMAGED`, and as `openDatabase` does.
 * The check reads everything, and nothing else of this process runs meanwhile.
 */
export async function assertSound(path: string, patience: Patience): Promise<void> {
  await withDatabase(path, { ...patience, mode: 'read' }, (db) => {
    assertSoundContent(db, path);
  });
}

/** As `assertSound`, of a database that is open; `name` is what to call it. Throws `DATABASE_DAMAGED`, SQLite's errors. */
export function assertSoundContent(db: SqliteDatabase, name: string): void {
  // They are whatever somebody wrote into the schema, and may run for hours; that they hold proves nothing of the file.
  db.pragma('ignore_check_constraints = ON');
  const rows = db.pragma(`integrity_check(${MAX_FINDINGS})`) as { integrity_check: string }[];
  const integrity = rows.map((row) => row.integrity_check);
  assertSoundReport({ integrity, orphans: integrity[0] === 'ok' ? orphanedRows(db) : [] }, name);
}

/** Told of rows that refer to nothing, with what would be thrown; it may throw itself. Where nobody is told, it is thrown. */
export type OrphanObserver = (failure: MeshBackupError) => void;

/** Asserts that the checks found nothing. Throws `DATABASE_DAMAGED`, and what `onOrphans` throws. */
export function assertSoundReport(
  { integrity, orphans }: CheckReport,
  name: string,
  onOrphans?: OrphanObserver,
): void {
  const findings = integrity.filter((finding) => finding !== 'ok');
  if (integrity.length === 0) findings.push('the integrity check says nothing');
  if (findings.length > 0) throw damaged(name, findings);
  if (orphans.length === 0) return;
  const failure = damaged(name, orphans.map(sayOrphan));
  if (onOrphans === undefined) throw failure;
  onOrphans(failure);
}

function orphanedRows(db: SqliteDatabase): Orphan[] {
  const found: Orphan[] = [];
  try {
    const check = db.prepare<[], { table: string; parent: string }>('PRAGMA foreign_key_check');
    for (const { table, parent } of check.iterate()) {
      found.push({ table, parent });
      if (found.length === MAX_FINDINGS) break;
    }
  } catch (error) {
    if (sqliteCodeOf(error) !== 'SQLITE_ERROR') throw error;
    found.push('uncheckable');
  }
  return found;
}

function sayOrphan(orphan: Orphan): string {
  return orphan === 'uncheckable'
    ? 'its foreign keys cannot be checked: one refers to what is no key'
    : `a row of ${orphan.table} refers to a row of ${orphan.parent} that is not there`;
}

function damaged(name: string, findings: readonly string[]): MeshBackupError {
  const told = findings.map((finding) => finding.slice(0, MAX_LENGTH)).join('; ');
  return new MeshBackupError('DATABASE_DAMAGED', `${name} is damaged: ${told}`);
}
