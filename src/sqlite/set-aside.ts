import { existsSync } from 'node:fs';
import { copyFile } from './copy-file.ts';
import { copyPages } from './copy-pages.ts';
import type { HeldDatabase } from './held-database.ts';
import { openDatabase } from './open-database.ts';
import { PrivatePlace } from './private-place.ts';
import { finishFile, putInPlace } from './put-in-place.ts';

/**
 * `database`: a whole database in one file. `raw`: SQLite cannot read it; its files as they were, byte for byte, with
 * what lay in `-wal` and `-journal` beside it.
 */
export type AsideKind = 'database' | 'raw';

/** Copies a database that is held aside, in the journal mode in which it was. Throws as `copyPages` does, `FILE_EXISTS`, `FILE_UNWRITABLE`. */
export async function setDatabaseAside(
  held: HeldDatabase,
  aside: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const place = await PrivatePlace.make(aside);
  try {
    const copy = place.file('old.db');
    await copyPages(held.db, copy, { busyTimeoutMs: 0, signal });
    if (held.wasWal) {
      const db = await openDatabase(copy, { mode: 'write', busyTimeoutMs: 0 });
      db.pragma('journal_mode = WAL');
      db.close();
    }
    await finishFile(copy, aside);
    await place.assertOurs();
    await putInPlace(copy, aside, 'refuse');
  } finally {
    await place.remove();
  }
}

/** Copies the files of what is no database aside; beside `saved` is what lay beside it, where it does no more. Throws `FILE_EXISTS`, `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `NO_ROOM`. */
export async function setFilesAside(
  path: string,
  aside: string,
  saved: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const place = await PrivatePlace.make(aside);
  try {
    // The file itself last: where it is, all is.
    for (const suffix of ['-journal', '-wal', '']) {
      const source = [saved ?? path, path].map((name) => `${name}${suffix}`).find((name) => existsSync(name));
      if (source === undefined) continue;
      const copy = `${place.file('old.db')}${suffix}`;
      await copyFile(source, copy, signal);
      await place.assertOurs();
      await putInPlace(copy, `${aside}${suffix}`, 'refuse');
    }
  } finally {
    await place.remove();
  }
}
