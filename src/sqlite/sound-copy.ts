import { MeshBackupError } from '../errors.ts';
import { checkApart, type CheckSettings } from './check-apart.ts';
import { asDatabaseError } from './database-error.ts';
import type { SqliteDatabase } from './load-sqlite.ts';
import { withDatabase } from './open-database.ts';
import { contentBeside } from './side-files.ts';
import { assertSoundReport, type OrphanObserver } from './soundness.ts';

export interface SoundCopySettings extends CheckSettings {
  /** Throws if this is not the right database; reads little: nothing else runs meanwhile. */
  readonly check?: ((db: SqliteDatabase) => void) | undefined;
  /** Not given: a database with rows that refer to nothing is refused. */
  readonly onOrphans?: OrphanObserver | undefined;
}

/**
 * Asserts that a copy in a private place is a whole database in one file, and what else the caller has to say of it.
 * `name` is what to call it. Throws `DATABASE_FORMAT`, `DATABASE_DAMAGED`, the signal's reason, and what `check` and `onOrphans` throw.
 */
export async function assertSoundCopy(
  copy: string,
  name: string,
  { check, onOrphans, ...settings }: SoundCopySettings,
): Promise<void> {
  // Who may write takes a WAL into the file, and its side files away, when it closes.
  const open = { mode: 'write', busyTimeoutMs: 0, name } as const;
  // First: what is no database at all is told apart here.
  await withDatabase(copy, open, () => undefined);
  const report = await checkApart(copy, name, settings).catch((cause: unknown) => {
    throw asDatabaseError(name, cause);
  });
  assertSoundReport(report, name, onOrphans);
  await withDatabase(copy, open, (db) => {
    db.pragma('query_only = ON');
    check?.(db);
  });
  const beside = await contentBeside(copy);
  if (beside !== undefined)
    throw new MeshBackupError('DATABASE_DAMAGED', `${name} is not whole without ${beside}.`);
}
