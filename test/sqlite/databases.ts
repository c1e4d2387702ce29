import { copyFile, mkdtemp, open, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { MeshBackupError } from '../../src/errors.ts';

export type JournalMode = 'wal' | 'delete';

export const NO_WAIT = { busyTimeoutMs: 0 };

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
  const db = new Sqlite(path, { fileMustExist: true });
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

/** A database whose last words are in its WAL only, as a process that was killed leaves it. */
export async function makeHotWal(path: string, said: string, inWal: string): Promise<void> {
  const workshop = join(await newFolder(), 'hot.db');
  makeDatabase(workshop, said, 'wal');
  const db = new Sqlite(workshop);
  db.pragma('wal_autocheckpoint = 0');
  fill(db, inWal);
  await copyFile(workshop, path);
  await copyFile(`${workshop}-wal`, `${path}-wal`);
  db.close();
}

/** A database in the middle of a change, as a process that was killed leaves it: its journal takes the change back. */
export async function makeHotJournal(path: string, said: string, unfinished: string): Promise<void> {
  const workshop = join(await newFolder(), 'hot.db');
  makeDatabase(workshop, said, 'delete', 5000);
  const db = new Sqlite(workshop);
  db.pragma('cache_size = 1');
  db.exec('BEGIN');
  db.prepare('UPDATE words SET said = ?').run(unfinished);
  await copyFile(workshop, path);
  await copyFile(`${workshop}-journal`, `${path}-journal`);
  db.close();
}

/** Overwrites a part of the last page. */
export async function damage(path: string): Promise<void> {
  const file = await open(path, 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.alloc(2000, 0xa5), 0, 2000, size - 4096);
  await file.close();
}

/** Resolves to the code of the error that a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'fulfilled',
    (error: unknown) => (error instanceof MeshBackupError ? error.code : error),
  );
}
