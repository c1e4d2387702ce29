import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { filesOf } from '../snapshot/plain-tar.ts';
import { readVector } from '../snapshot/vectors.ts';
import { run, type Finished } from './spawn.ts';

export const SCRIPT = 'bin/mesh-backup.js';
export const NODE_ID = 'stigmem:node:6e964648-0074-41c7-bbed-adfeb76e8a14';

/** The database of a real node, with what a test wants changed in it. Returns its path. */
export async function newDatabase(folder: string, sql = '', name = 'stigmem.db'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, filesOf(gunzipSync(readVector('self-signed.tar.gz'))).get('artifacts/stigmem.db')!);
  change(path, sql);
  return path;
}

export function change(path: string, sql: string): void {
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
}

/** The values of a column. Leaves no side files: it may write. */
export function valuesIn(path: string, sql: string): unknown[] {
  const db = new Sqlite(path, { fileMustExist: true });
  try {
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

export const setMeta = (key: string, value: string): string =>
  `INSERT OR REPLACE INTO node_meta VALUES ('${key}', '${value}');`;

export const metaIn = (path: string, key: string): unknown =>
  valuesIn(path, `SELECT value FROM node_meta WHERE key = '${key}'`)[0];

export interface Ran extends Finished {
  /** Of stdout, with `--json`. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
}

/** Runs `mesh-backup snapshot …`. */
export async function snapshot(
  args: readonly string[],
  settings: Parameters<typeof run>[2] = {},
): Promise<Ran> {
  const finished = await run(SCRIPT, ['snapshot', ...args], settings);
  const rows = args.includes('--json') ? finished.stdout.split('\n').slice(0, -1) : [];
  return { ...finished, records: rows.map((row) => JSON.parse(row) as Record<string, unknown>) };
}

/** The status and the code that a command fails with, as scripts see them. */
export async function failureOf(
  args: readonly string[],
  settings: Parameters<typeof run>[2] = {},
): Promise<{ status: number | null; code: unknown }> {
  const { status, records } = await snapshot([...args, '--json'], settings);
  return { status, code: records.findLast(({ code }) => code !== undefined)?.['code'] };
}

/** What a folder holds, names and contents: the same before and after, if nothing was changed. */
export async function contentsOf(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const isFile = (await lstat(path)).isFile();
    contents[name] = isFile
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : 'no file';
  }
  return contents;
}
