import {
  assertReplaceable,
  replaceDatabase,
  type ReplacedDatabase,
  type ReplaceSettings,
} from '../sqlite/replace-database.ts';
import { assertSoundContent } from '../sqlite/soundness.ts';
import { MeshBackupError, type ErrorCode } from '../errors.ts';
import { readFileState } from '../jsonl/file-state.ts';
import { withDatabase } from '../sqlite/open-database.ts';
import { listTables } from '../sqlite/tables.ts';
import type { Patience } from '../sqlite/until-free.ts';
import { assertAuthority } from './assert-authority.ts';

const FOREIGN = new Set<ErrorCode>(['DATABASE_SYSTEM', 'DATABASE_SCHEMA']);

/**
 * Puts a backup in the place of an authority's database, which nobody may have open. Throws as `replaceDatabase` does,
 * and `DATABASE_SYSTEM`, `DATABASE_SCHEMA` for a backup of something else, and where something else would be replaced.
 */
export async function restoreAuthority(
  dbPath: string,
  backupPath: string,
  settings: Omit<ReplaceSettings, 'check'>,
): Promise<ReplacedDatabase> {
  await assertOurs(dbPath, settings);
  return replaceDatabase(dbPath, backupPath, {
    ...settings,
    check: (db) => {
      assertAuthority(db, backupPath);
    },
  });
}

/** Looks whether a restore would be refused, as far as that can be told without touching anything. Throws as it does. */
export async function rehearseRestore(
  dbPath: string,
  backupPath: string,
  { aside, ...patience }: Patience & Pick<ReplaceSettings, 'aside'>,
): Promise<void> {
  await assertOurs(dbPath, patience);
  await assertReplaceable(dbPath, backupPath, { aside });
  await withDatabase(backupPath, { ...patience, mode: 'read' }, (db) => {
    assertSoundContent(db, backupPath);
    assertAuthority(db, backupPath);
  });
}

/** Nothing, an authority's database, one without tables, or one that cannot be read. */
async function assertOurs(dbPath: string, { busyTimeoutMs, signal }: Patience): Promise<void> {
  if ((await readFileState(dbPath).catch(() => undefined)) === undefined) return;
  try {
    await withDatabase(dbPath, { busyTimeoutMs, signal, mode: 'read' }, (db) => {
      if (listTables(db).length > 0) assertAuthority(db, dbPath);
    });
  } catch (error) {
    signal?.throwIfAborted();
    // What cannot be read may be restored over, which is what restores are for; what else is in the way, the replacement tells.
    if (!(error instanceof MeshBackupError) || FOREIGN.has(error.code)) throw error;
  }
}
