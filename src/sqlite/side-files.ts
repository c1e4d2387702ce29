import { lstat, stat } from 'node:fs/promises';
import { unlessMissing } from '../jsonl/storage-failure.ts';
import { readFirstByte } from './first-byte.ts';

/** What SQLite keeps beside a database while it is open, and what a process that died leaves there. */
export const SIDE_SUFFIXES = ['-wal', '-journal', '-shm'] as const;

/** The names of a database's own files. */
export function sideFiles(path: string): string[] {
  return SIDE_SUFFIXES.map((suffix) => `${path}${suffix}`);
}

/** How many bytes a database takes: its file, and what waits in its WAL. 0 where there is none. */
export async function databaseBytes(path: string): Promise<number> {
  return (await sizeOf(path)) + (await walBytes(path));
}

/** By how much a database's file can grow when its WAL is taken in. */
export async function walBytes(path: string): Promise<number> {
  return sizeOf(`${path}-wal`);
}

async function sizeOf(path: string): Promise<number> {
  return (await unlessMissing(stat(path)))?.size ?? 0;
}

/**
 * The first side file that would change what a database of this name holds: a WAL with content, a journal that is hot.
 * Throws what the system throws.
 */
export async function contentBeside(path: string): Promise<string | undefined> {
  const wal = await unlessMissing(lstat(`${path}-wal`));
  if (wal !== undefined && wal.size > 0) return `${path}-wal`;
  return (await isHot(`${path}-journal`)) ? `${path}-journal` : undefined;
}

/** Whether a journal holds what SQLite takes back as soon as it can; its own test: a journal that is done with is empty, or begins with a zero. */
export async function isHot(journal: string): Promise<boolean> {
  const found = await unlessMissing(lstat(journal));
  if (found === undefined || found.size === 0) return false;
  return !found.isFile() || (await readFirstByte(journal)) !== 0;
}
