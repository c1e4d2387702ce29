import type { BackupMetadata } from 'better-sqlite3';
import { MeshBackupError } from '../errors.ts';
import { asDatabaseError, sqliteCodeOf } from './database-error.ts';
import type { SqliteDatabase } from './load-sqlite.ts';
import { readSchema } from './open-database.ts';
import { untilFree, type Patience } from './until-free.ts';

export interface PagesDone {
  readonly pagesDone: number;
  /** Of the whole database; the same in every report of one copy. */
  readonly pages: number;
}

export interface CopySettings extends Patience {
  /** Told between steps. */
  readonly onProgress?: ((done: PagesDone) => void) | undefined;
}

/** Large, because others may have to wait from the first to the last; not larger, because a signal waits for the end of one. */
const STEP_BYTES = 16 * 1024 * 1024;

/**
 * Copies a database as it is at one moment to a new file, page for page, with SQLite's online backup. It begins anew
 * whenever another connection writes, unless the connection that it reads from is in a transaction: so one is held from
 * the first page to the last. Returns the number of pages. Throws `DATABASE_BUSY`, SQLite's errors, the signal's reason.
 */
export async function copyPages(
  db: SqliteDatabase,
  to: string,
  { onProgress, ...patience }: CopySettings,
): Promise<number> {
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  const step = Math.ceil(STEP_BYTES / pageBytes);
  db.pragma('busy_timeout = 0');
  db.exec('BEGIN');
  try {
    await untilFree(db.name, patience, () => {
      readSchema(db);
    });
    const progress = ({ totalPages: pages, remainingPages }: BackupMetadata): number => {
      onProgress?.({ pagesDone: pages - remainingPages, pages });
      patience.signal?.throwIfAborted();
      return step;
    };
    const { totalPages } = await db.backup(to, { progress }).catch((cause: unknown) => {
      throw asCopyError(db.name, to, cause);
    });
    onProgress?.({ pagesDone: totalPages, pages: totalPages });
    return totalPages;
  } finally {
    if (db.inTransaction) db.exec('COMMIT');
  }
}

/** Which of the two files SQLite failed at it tells for some failures only. */
function asCopyError(from: string, to: string, cause: unknown): Error {
  const code = sqliteCodeOf(cause) ?? '';
  if (/^SQLITE_(FULL|READONLY|CANTOPEN)/.test(code)) return asDatabaseError(to, cause);
  if (!code.startsWith('SQLITE_IOERR')) return asDatabaseError(from, cause);
  const message = `Cannot copy ${from} to ${to}: reading or writing failed. (${code})`;
  return new MeshBackupError('FILE_UNWRITABLE', message, { cause });
}
