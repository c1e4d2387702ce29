import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { RESERVE_BYTES } from '../../src/jsonl/free-space.ts';

export type JournalMode = 'wal' | 'delete';

export const NO_WAIT = { busyTimeoutMs: 0 };
export const RESERVE = RESERVE_BYTES;

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'mesh-backup-'));

/** Names in a folder, sorted, but for drafts of a lock. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !/\.lock-[0-9a-f-]{36}$/.test(name)).sort();
}

/** A database of accounts, with as many rows that say `said`. */
export function makeDatabase(path: string, said: string, mode: JournalMode = 'delete', rows = 20): void {
  const db = new Sqlite(path);
  db.pragma(`journal_mode = ${mode}`);
  fill(db, said, rows);
  db.close();
}

export function fill(db: Database, said: string, rows = 20): void {
  db.exec('CREATE TABLE IF NOT EXISTS words(id INTEGER PRIMARY KEY, said TEXT)');
  const insert = db.prepare('INSERT INTO words(said) VALUES (?)');
  db.transaction(() => {
    for (let row = 0; row < rows; row++) insert.run(said);
  })();
}

/** What a database says, each word once. */
export function wordsIn(path: string): string[] {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true });
  try {
    return db.prepare<[], string>('SELECT DISTINCT said FROM words ORDER BY said').pluck().all();
  } finally {
    db.close();
  }
}

export function journalModeOf(path: string): unknown {
  const db = new Sqlite(path, { fileMustExist: true });
  try {
    return db.pragma('journal_mode', { simple: true });
  } finally {
    db.close();
  }
}
