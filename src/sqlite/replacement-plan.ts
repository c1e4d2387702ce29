import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { assertRoom } from '../jsonl/free-space.ts';
import { unlessMissing } from '../jsonl/storage-failure.ts';
import { databaseTarget, existingDatabase } from './database-file.ts';
import { fileExists } from './put-in-place.ts';
import { assertDifferent } from './same-file.ts';
import { databaseBytes, sideFiles, walBytes } from './side-files.ts';

/** The files of a replacement, links resolved. */
export interface ReplacementPlan {
  readonly path: string;
  readonly newFile: string;
  readonly aside: string | undefined;
}

/** Finds the files, and that they are different ones. Throws `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `DATABASE_FORMAT`, `SAME_FILE`. */
export async function planReplacement(
  path: string,
  newFile: string,
  aside: string | undefined,
): Promise<ReplacementPlan> {
  const plan = {
    path: await databaseTarget(path),
    newFile: await existingDatabase(newFile),
    aside: aside === undefined ? undefined : await databaseTarget(aside),
  };
  await assertDifferent(plan.path, plan.newFile);
  if (plan.aside === undefined) return plan;
  await assertDifferent(plan.path, plan.aside);
  await assertDifferent(plan.newFile, plan.aside);
  return plan;
}

/** Asserts that nothing bears the name aside, nor those of its side files, which would be taken for its own. Throws `FILE_EXISTS`. */
export async function assertAsideFree({ aside }: ReplacementPlan): Promise<void> {
  if (aside === undefined) return;
  for (const name of [aside, ...sideFiles(aside)]) {
    if (await unlessMissing(lstat(name))) throw fileExists(name);
  }
}

/** Asserts that the disks take the new database, what the old one's WAL adds to it, and the copy aside. Throws `NO_ROOM`. */
export async function assertRoomForAll({ path, newFile, aside }: ReplacementPlan): Promise<void> {
  const oldBytes = await databaseBytes(path);
  const bytes = (await databaseBytes(newFile)) + (await walBytes(path));
  const folder = dirname(path);
  if (aside === undefined) {
    assertRoom(folder, bytes);
    return;
  }
  const asideFolder = dirname(aside);
  const isOneDisk = (await stat(folder)).dev === (await stat(asideFolder)).dev;
  assertRoom(folder, isOneDisk ? bytes + oldBytes : bytes);
  if (!isOneDisk) assertRoom(asideFolder, oldBytes);
}
