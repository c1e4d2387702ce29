import { existsSync } from 'node:fs';
import { MeshBackupError } from '../errors.ts';
import { isUnchanged, readFileState, type FileState } from '../jsonl/file-state.ts';
import { copyFile } from './copy-file.ts';
import type { SqliteDatabase } from './load-sqlite.ts';
import type { PrivatePlace } from './private-place.ts';
import { contentBeside } from './side-files.ts';
import { assertSoundCopy } from './sound-copy.ts';
import type { OrphanObserver } from './soundness.ts';

export interface BringInSettings {
  /** What to call the new database where something is wrong with it. Default: its path. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the file must hash to, in hex; what lies beside it does not count then. */
  readonly sha256?: string | undefined;
  /** Throws if this is not the right database; reads only. */
  readonly check?: ((db: SqliteDatabase) => void) | undefined;
  /** Told of rows that refer to nothing. Not given: a database that has such is refused, `DATABASE_DAMAGED`. */
  readonly onOrphans?: OrphanObserver | undefined;
}

/**
 * Copies a database that stays as it is, with what waits in its WAL, to a private place, and checks the copy. Returns it.
 * Throws `FILE_UNREADABLE`, `CHECKSUM_ERROR`, `FILE_CHANGED`, `DATABASE_FORMAT`, `DATABASE_DAMAGED`, `NO_ROOM`,
 * `FILE_UNWRITABLE`, the signal's reason, and what `check` and `onOrphans` throw.
 */
export async function bringIn(
  from: string,
  place: PrivatePlace,
  { name = from, signal, sha256, check, onOrphans }: BringInSettings,
): Promise<string> {
  const copy = place.file('new.db');
  const before = await statesOf(from);
  const content = await copyFile(from, copy, signal);
  if (sha256 === undefined) await copyWal(from, name, copy, signal);
  else if (content.sha256 !== sha256.toLowerCase()) {
    throw new MeshBackupError('CHECKSUM_ERROR', `The SHA-256 of ${name} is not the one it must have.`);
  }
  const after = await statesOf(from);
  if (!before.every((state, index) => isUnchanged(state, after[index]))) {
    throw new MeshBackupError('FILE_CHANGED', `Somebody wrote to ${name} while it was read.`, {
      hint: 'Make a backup of it first, and restore that.',
    });
  }
  await assertSoundCopy(copy, name, { signal, check, onOrphans });
  return copy;
}

async function copyWal(
  from: string,
  name: string,
  copy: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const beside = await contentBeside(from);
  if (beside === `${from}-journal`) {
    // Not rolled back for them: a journal may name other files, and SQLite would touch those.
    throw new MeshBackupError(
      'DATABASE_DAMAGED',
      `${name} was left in the middle of a change: see ${beside}.`,
      {
        hint: 'Open it once with SQLite, which takes back what was begun.',
      },
    );
  }
  if (existsSync(`${from}-wal`)) await copyFile(`${from}-wal`, `${copy}-wal`, signal);
}

async function statesOf(path: string): Promise<(FileState | undefined)[]> {
  return Promise.all([path, `${path}-wal`, `${path}-journal`].map(readFileState));
}
