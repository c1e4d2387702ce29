import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileLock } from '../jsonl/file-lock.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { look } from './look.ts';
import type { Candidate, FoundFile } from './probe.ts';

/** A file that may be a backup. */
export interface ListedFile extends Candidate {
  /** Side files that stay when it goes: they hold what is nowhere else. */
  readonly leaves: readonly string[];
  /** Why nobody may touch it now. */
  readonly inUse: string | undefined;
  /** Another name of the same file, which comes before it. */
  readonly sameAs: string | undefined;
}

export interface LeftAlone {
  readonly name: string;
  readonly reason: string;
}

export interface Listing {
  /** By name. */
  readonly files: readonly ListedFile[];
  /** What is no backup, or not ours to judge, by name. */
  readonly leftAlone: readonly LeftAlone[];
}

/**
 * What our commands put beside a backup: accounts, what did not get into it, its former content, works in progress.
 * A number tells a second one from the first.
 */
const SIDE_FILE = /^(.+)\.(receipt|quarantine|variants|damaged|old)(\.\d+)?$/s;
/** What SQLite has beside a database that is open, or was when its process died. */
const SQLITE_SIDE_FILE = /^(.+)-(wal|shm|journal)$/s;
/** What the folder's lock is called after: two prunes of one folder would each keep what the other removes. */
export const FOLDER_LOCK = '.prune';
/** Locks and the drafts of locks come and go. */
const PASSING = /\.(part|lock)(-[0-9a-f-]{36})?$/;

/**
 * The files of a folder, not those of folders in it. Links are not followed. Throws `FILE_UNREADABLE`, and what stands
 * in the way of a lock (`FILE_UNWRITABLE`).
 */
export async function listFolder(folder: string): Promise<Listing> {
  const found = new Map<string, FoundFile>();
  const leftAlone: LeftAlone[] = [];
  for (const name of (await readNames(folder)).sort()) {
    if (name.startsWith(`${FOLDER_LOCK}.lock`)) continue; // our own
    const path = join(folder, name);
    const state = await look(path).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    if (state === undefined) continue; // just gone
    if (!state.isFile) leftAlone.push({ name, reason: 'no regular file' });
    else if (name.startsWith('.')) leftAlone.push({ name, reason: 'hidden' });
    else found.set(name, { name, path, state });
  }
  const owners = new Map([...found.keys()].map((name) => [name, ownerOf(name, found)]));
  const files: ListedFile[] = [];
  const names = new Map<string, string>();
  for (const file of found.values()) {
    const { name, path, state } = file;
    const owner = owners.get(name);
    if (owner !== undefined) {
      const whose = found.has(owner) ? `a side file of ${owner}` : 'a side file of a backup that is not here';
      leftAlone.push({ name, reason: whose });
      continue;
    }
    const beside = [...found.values()].filter((other) => owners.get(other.name) === name);
    const sameAs = names.get(state.identity);
    if (sameAs === undefined) names.set(state.identity, name);
    files.push({
      ...file,
      receipt: found.get(`${name}.receipt`),
      leaves: beside
        .map((other) => other.name)
        .filter((other) => other !== `${name}.receipt` && !PASSING.test(other)),
      inUse: await useOf(path, beside),
      sameAs,
    });
  }
  return { files, leftAlone: leftAlone.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function readNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

/** Whose side file it is by its name; `undefined`: nobody's. */
function ownerOf(name: string, found: ReadonlyMap<string, FoundFile>): string | undefined {
  if (PASSING.test(name)) return name.replace(PASSING, '');
  const database = SQLITE_SIDE_FILE.exec(name)?.[1];
  if (database !== undefined && found.has(database)) return database;
  return SIDE_FILE.exec(name)?.[1];
}

async function useOf(path: string, beside: readonly FoundFile[]): Promise<string | undefined> {
  const holder = await FileLock.holderOf(path);
  if (holder !== undefined) return `in use by ${holder}`;
  // A WAL is empty while a database is open that nobody has written to since; a journal, where one was committed.
  const log = beside.find(
    ({ name, state }) => /-(wal|shm)$/.test(name) || (name.endsWith('-journal') && state.size > 0),
  );
  return log && `${log.name} is part of it: a database in use, or one that was cut off`;
}
