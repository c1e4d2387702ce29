import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { assertRoom } from '../jsonl/free-space.ts';
import { unlessMissing } from '../jsonl/storage-failure.ts';
import { hashFile, type FileContent } from './copy-file.ts';
import { copyPages, type CopySettings } from './copy-pages.ts';
import { databaseTarget, existingDatabase } from './database-file.ts';
import { settle, withDatabase } from './open-database.ts';
import { PrivatePlace } from './private-place.ts';
import { fileExists, finishFile, putInPlace, type Over } from './put-in-place.ts';
import { assertDifferent } from './same-file.ts';
import { contentBeside, databaseBytes } from './side-files.ts';
import { assertSoundCopy } from './sound-copy.ts';
import type { OrphanObserver } from './soundness.ts';

export interface BackUpSettings extends CopySettings {
  /** What is at the target is replaced (as if nothing is said), or it stays: `FILE_EXISTS`. */
  readonly over?: Over;
  /** Told of rows that refer to nothing. Not given: the copy does not count then, `DATABASE_DAMAGED`. */
  readonly onOrphans?: OrphanObserver | undefined;
  /** Told who held the target's lock before, if that is gone. */
  readonly onTakenOver?: (holder: string) => void;
}

export interface DatabaseBackup extends FileContent {
  readonly pages: number;
}

/**
 * Copies a database as it is at one moment, also while others write to it, to a file that is put in its place once it is
 * whole, checked and durable. In WAL mode nobody waits for it; in the other journal modes writers wait until the last
 * page is read (readers do not), so it reads in large steps. The copy is in the journal mode of the database.
 * Throws as `openDatabase` does, and `SAME_FILE`, `FILE_EXISTS`, `LOCKED`, `NO_ROOM`, `DATABASE_IN_USE` (the target),
 * `DATABASE_DAMAGED` (the target stays as it was), `FILE_UNWRITABLE`, the signal's reason.
 */
export async function backUpDatabase(
  source: string,
  target: string,
  settings: BackUpSettings,
): Promise<DatabaseBackup> {
  const { over = 'replace', signal, onOrphans, onTakenOver } = settings;
  signal?.throwIfAborted();
  const from = await existingDatabase(source);
  const to = await databaseTarget(target);
  await assertDifferent(from, to);
  const lock = await FileLock.take(to, onTakenOver);
  try {
    await assertReplaceableBackup(to, over);
    assertRoom(dirname(to), await databaseBytes(from));
    const place = await PrivatePlace.make(to);
    try {
      const copy = place.file('new.db');
      const pages = await withDatabase(from, { ...settings, mode: 'read' }, (db) =>
        copyPages(db, copy, settings),
      );
      await assertSoundCopy(copy, `The copy of ${source}`, { signal, onOrphans });
      const content = await hashFile(copy, signal);
      await finishFile(copy, to);
      await place.assertOurs();
      await assertReplaceableBackup(to, over);
      signal?.throwIfAborted();
      await putInPlace(copy, to, over);
      return { ...content, pages };
    } finally {
      await place.remove();
    }
  } finally {
    await lock.release();
  }
}

/**
 * Beside the new file, what lies in the WAL of the old one would be taken for its own, and so would be what a process
 * that has the old one open writes there later.
 */
async function assertReplaceableBackup(to: string, over: Over): Promise<void> {
  if (over === 'refuse' && (await unlessMissing(lstat(to)))) throw fileExists(to);
  if (existsSync(`${to}-wal`) || existsSync(`${to}-journal`)) await settle(to);
  const beside = existsSync(`${to}-wal`) ? `${to}-wal` : await contentBeside(to);
  if (beside === undefined) return;
  throw new MeshBackupError(
    'DATABASE_IN_USE',
    `${to} is in use, or was left half done: there is a ${beside}.`,
    {
      hint: 'Name another file for the backup.',
    },
  );
}
