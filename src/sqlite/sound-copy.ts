import { MeshBackupError } from '../errors.ts';
import type { SqliteDatabase } from './load-sqlite.ts';
import { withDatabase } from './open-database.ts';
import { contentBeside } from './side-files.ts';
import { assertSoundContent } from './soundness.ts';

/**
 * Asserts that a copy in a private place is a whole database in one file, and what else the caller has to say of it.
 * `name` is what to call it. Throws `DATABASE_FORMAT`, `DATABASE_DAMAGED`, and what `check` throws.
 */
export async function assertSoundCopy(
  copy: string,
  name: string,
  check?: (db: SqliteDatabase) => void,
): Promise<void> {
  // Who may write takes a WAL into the file, and its side files away, when it closes.
  await withDatabase(copy, { mode: 'write', busyTimeoutMs: 0, name }, (db) => {
    db.pragma('query_only = ON');
    assertSoundContent(db, name);
    check?.(db);
  });
  const beside = await contentBeside(copy);
  if (beside !== undefined)
    throw new MeshBackupError('DATABASE_DAMAGED', `${name} is not whole without ${beside}.`);
}
