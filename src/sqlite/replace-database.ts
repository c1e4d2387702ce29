import { existsSync, type Stats } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshBackupError, type ErrorCode } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { unlessMissing, unwritable } from '../jsonl/storage-failure.ts';
import { syncFolder } from '../jsonl/sync-folder.ts';
import { bringIn, type BringInSettings } from './bring-in.ts';
import { copyFile } from './copy-file.ts';
import { existingDatabase } from './database-file.ts';
import { HeldDatabase } from './held-database.ts';
import { isReadable } from './open-database.ts';
import { PrivatePlace } from './private-place.ts';
import { finishFile, giveName } from './put-in-place.ts';
import {
  assertAsideFree,
  assertRoomForAll,
  planReplacement,
  type ReplacementPlan,
} from './replacement-plan.ts';
import { assertNoOwner, inUse } from './running-owner.ts';
import { setDatabaseAside, setFilesAside, type AsideKind } from './set-aside.ts';
import { isHot, sideFiles } from './side-files.ts';
import type { Patience } from './until-free.ts';

export interface ReplaceSettings extends Patience, BringInSettings {
  /** Where the old database is copied to first; nothing may be there. `undefined`: nowhere. */
  readonly aside: string | undefined;
  /** Told when the copy aside is durable, before the old database is replaced. */
  readonly onAside?: (aside: string, kind: AsideKind) => void;
  /** Told who held a lock before, if that is gone. */
  readonly onTakenOver?: (holder: string) => void;
}

export interface ReplacedDatabase {
  /** Links resolved. */
  readonly path: string;
  /** `undefined`: none was asked for, or there was no database. */
  readonly aside: string | undefined;
  readonly asideKind: AsideKind | undefined;
}

const UNREADABLE = new Set<ErrorCode>(['DATABASE_FORMAT', 'DATABASE_DAMAGED']);

/**
 * Puts a copy of a database in the place of another, or where there is none. Whenever it is stopped, also by a kill or a
 * power cut, the old or the new one is there, whole; what fails before the new one has its name leaves the old one as it
 * was. Nobody else can use the old one from the copy aside to the end.
 * Throws `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `SAME_FILE`, `FILE_EXISTS` (aside), `LOCKED`, `NO_ROOM`,
 * `DATABASE_IN_USE` (a process has it open), `DATABASE_BUSY`, `DATABASE_FORMAT`, `DATABASE_DAMAGED`, `CHECKSUM_ERROR`,
 * `FILE_CHANGED` (the new one), `DATABASE_FORMAT` also where what is there is no database and goes nowhere, the signal's reason, and what `check` throws.
 */
export async function replaceDatabase(
  path: string,
  newFile: string,
  settings: ReplaceSettings,
): Promise<ReplacedDatabase> {
  settings.signal?.throwIfAborted();
  const plan = await planReplacement(path, newFile, settings.aside);
  const locks: FileLock[] = [];
  try {
    locks.push(await FileLock.take(plan.path, settings.onTakenOver));
    if (plan.aside !== undefined) locks.push(await FileLock.take(plan.aside, settings.onTakenOver));
    await assertAsideFree(plan);
    await assertNoOwner(plan.path);
    await assertNothingLost(plan);
    await assertRoomForAll(plan);
    const place = await PrivatePlace.make(plan.path);
    try {
      const copy = await bringIn(plan.newFile, place, settings);
      await finishFile(copy, plan.path);
      return await swap(plan, place, copy, settings);
    } finally {
      await place.remove();
    }
  } finally {
    for (const lock of locks) await lock.release();
  }
}

/**
 * Looks whether a replacement would be refused, and changes nothing. It cannot tell all: a process that has the database
 * open shows on Linux only. Throws `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `DATABASE_FORMAT`, `SAME_FILE`, `FILE_EXISTS`,
 * `DATABASE_IN_USE`, `NO_ROOM`.
 */
export async function assertReplaceable(
  path: string,
  newFile: string,
  { aside }: Pick<ReplaceSettings, 'aside'>,
): Promise<void> {
  const plan = await planReplacement(path, newFile, aside);
  await assertAsideFree(plan);
  await assertNoOwner(plan.path);
  await assertNothingLost(plan);
  await assertRoomForAll(plan);
}

async function swap(
  plan: ReplacementPlan,
  place: PrivatePlace,
  copy: string,
  settings: ReplaceSettings,
): Promise<ReplacedDatabase> {
  const { signal, onAside } = settings;
  const { path } = plan;
  const saved = plan.aside && (await saveSideFiles(path, place));
  const held = await holdIfReadable(path, settings);
  if (held === undefined && plan.aside === undefined && existsSync(path)) throw lost(path);
  let isReplaced = false;
  try {
    const aside = (await isAnythingThere(path)) ? plan.aside : undefined;
    const asideKind = held === undefined ? 'raw' : 'database';
    if (aside !== undefined) {
      await (held ? setDatabaseAside(held, aside, signal) : setFilesAside(path, aside, saved, signal));
      onAside?.(aside, asideKind);
    }
    signal?.throwIfAborted();
    await assertNoOwner(path);
    await place.assertOurs();
    if (held === undefined) await clearSideFiles(path);
    await assertNothingBeside(path);
    await giveName(copy, path, 'replace');
    isReplaced = true;
    await syncFolder(dirname(path));
    return { path, aside, asideKind: aside === undefined ? undefined : asideKind };
  } finally {
    if (isReplaced) held?.leave();
    else await held?.giveBack();
  }
}

/**
 * SQLite rolls back a hot journal before it can tell whether the database is one, and then takes away what lies beside.
 * Returns what to put suffixes to for the copies.
 */
async function saveSideFiles(path: string, place: PrivatePlace): Promise<string | undefined> {
  if (!(await isHot(`${path}-journal`))) return undefined;
  const saved = place.file('old.db');
  for (const suffix of ['-journal', '-wal']) {
    if (existsSync(`${path}${suffix}`)) await copyFile(`${path}${suffix}`, `${saved}${suffix}`);
  }
  return saved;
}

/** `undefined`: there is none, or SQLite cannot read it: then nobody who uses SQLite can. */
async function holdIfReadable(path: string, patience: Patience): Promise<HeldDatabase | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    if (!(await isReadable(await existingDatabase(path)))) return undefined;
    return await HeldDatabase.take(path, patience);
  } catch (error) {
    if (error instanceof MeshBackupError && UNREADABLE.has(error.code)) return undefined;
    throw error;
  }
}

/** A database is given up knowingly where no copy is wanted; what is none may be any file of theirs. Throws `DATABASE_FORMAT`. */
async function assertNothingLost({ path, aside }: ReplacementPlan): Promise<void> {
  if (aside !== undefined || !existsSync(path)) return;
  if (!(await isReadable(await existingDatabase(path)))) throw lost(path);
}

function lost(path: string): MeshBackupError {
  return new MeshBackupError(
    'DATABASE_FORMAT',
    `${path} is no database that SQLite can read, and no copy of it would be kept.`,
    { hint: 'Have a copy kept, or move it away yourself.' },
  );
}

async function isAnythingThere(path: string): Promise<boolean> {
  const found = await Promise.all([path, `${path}-wal`, `${path}-journal`].map(lstatIfThere));
  return found.some((stat) => stat !== undefined);
}

/** What lies beside a file that is no database, or beside none, would be taken for the new one's. */
async function clearSideFiles(path: string): Promise<void> {
  try {
    for (const name of sideFiles(path)) await unlessMissing(unlink(name));
  } catch (cause) {
    throw unwritable(path, cause);
  }
  await syncFolder(dirname(path));
}

async function assertNothingBeside(path: string): Promise<void> {
  for (const name of sideFiles(path)) {
    if (await lstatIfThere(name)) throw inUse(path, `somebody has just made ${name}`);
  }
}

function lstatIfThere(path: string): Promise<Stats | undefined> {
  return unlessMissing(lstat(path));
}
