import { MeshBackupError } from '../errors.ts';
import type { SqliteDatabase } from './load-sqlite.ts';
import { withDatabase } from './open-database.ts';
import type { Patience } from './until-free.ts';

const MAX_FINDINGS = 5;
const MAX_LENGTH = 200;

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
  const rows = db.pragma(`integrity_check(${MAX_FINDINGS})`) as { integrity_check: string }[];
  const findings = rows.map((row) => row.integrity_check).filter((finding) => finding !== 'ok');
  if (rows.length === 0) findings.push('the integrity check says nothing');
  if (findings.length > 0) throw damaged(name, findings);
  const orphans = orphanedRows(db);
  if (orphans.length > 0) throw damaged(name, orphans);
}

function orphanedRows(db: SqliteDatabase): string[] {
  const findings: string[] = [];
  const check = db.prepare<[], { table: string; parent: string }>('PRAGMA foreign_key_check');
  for (const { table, parent } of check.iterate()) {
    findings.push(`a row of ${table} refers to a row of ${parent} that is not there`);
    if (findings.length === MAX_FINDINGS) break;
  }
  return findings;
}

function damaged(name: string, findings: readonly string[]): MeshBackupError {
  const told = findings.map((finding) => finding.slice(0, MAX_LENGTH)).join('; ');
  return new MeshBackupError('DATABASE_DAMAGED', `${name} is damaged: ${told}`);
}
