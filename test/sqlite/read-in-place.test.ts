import { chownSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { readDatabase } from '../../src/sqlite/read-in-place.ts';
import { asNobody, newAuthority, NOBODY, realAuthority } from '../managed/authority.ts';

test('what fails while the database is read fails once, whatever it says', async () => {
  let calls = 0;
  const job = readDatabase(realAuthority(), { busyTimeoutMs: 0 }, () => {
    calls++;
    throw new Sqlite.SqliteError('no place for a temporary file', 'SQLITE_CANTOPEN');
  });
  await expect(job).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  expect(calls).toBe(1);
});

test('a database that is written to while it is taken into memory', async () => {
  const path = newAuthority([]);
  new Sqlite(path).exec('CREATE TABLE much AS SELECT zeroblob(60000000)').close();
  if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
  asNobody(dirname(path), 0o555);
  const stop = new AbortController();
  const touching = (async () => {
    for (let at = 1; !stop.signal.aborted; at++) await utimes(path, at, at);
  })();
  const job = readDatabase(path, { busyTimeoutMs: 0 }, () => 'read');
  await expect(job).rejects.toMatchObject({ code: 'DATABASE_BUSY', retryable: true });
  stop.abort();
  await touching;
  expect(await readDatabase(path, { busyTimeoutMs: 0 }, () => 'read')).toBe('read');
});
