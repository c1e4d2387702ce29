import { MeshBackupError } from '../errors.ts';
import { MAX_FINDINGS, MAX_LENGTH, type CheckReport } from './check-apart.ts';
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

/** Asserts that the checks found nothing. Throws `DATABASE_DAMAGED`. */
export function assertSoundReport({ integrity, orphans }: CheckReport, name: string): void {
  const findings = integrity.filter((finding) => finding !== 'ok');
  if (integrity.length === 0) findings.push('the integrity check says nothing');
  if (findings.length > 0) throw damaged(name, findings);
  if (orphans.length === 0) return;
  throw damaged(
    name,
    orphans.map(({ table, parent }) => `a row of ${table} refers to a row of ${parent} that is not there`),
  );
}

function orphanedRows(db: SqliteDatabase): CheckReport['orphans'] {
  const found: { table: string; parent: string }[] = [];
  const check = db.prepare<[], { table: string; parent: string }>('PRAGMA foreign_key_check');
  for (const { table, parent } of check.iterate()) {
    found.push({ table, parent });
    if (found.length === MAX_FINDINGS) break;
  }
  return found;
}

function damaged(name: string, findings: readonly string[]): MeshBackupError {
  const told = findings.map((finding) => finding.slice(0, MAX_LENGTH)).join('; ');
  return new MeshBackupError('DATABASE_DAMAGED', `${name} is damaged: ${told}`);
}
