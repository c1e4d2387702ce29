import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { assertSound } from '../../src/sqlite/soundness.ts';
import { damage, makeDatabase, namesIn, newFolder, NO_WAIT } from './databases.ts';

test('a database of a real node is sound, and is left alone', async () => {
  const path = join(await newFolder(), 'na.db');
  await copyFile(fileURLToPath(new URL('../../fixtures/genesis/na.db', import.meta.url)), path);
  await assertSound(path, NO_WAIT);
  expect(await namesIn(join(path, '..'))).toEqual(['na.db']);
});

test('what is damaged is told in few words', async () => {
  const path = join(await newFolder(), 'a.db');
  makeDatabase(path, 'secret', 'delete', 3000);
  await assertSound(path, NO_WAIT);
  await damage(path);
  const error: unknown = await assertSound(path, NO_WAIT).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 'DATABASE_DAMAGED', exitStatus: 13 });
  expect((error as Error).message.length).toBeLessThan(1500);
  expect((error as Error).message).not.toContain('secret');
});

test('rows that refer to nothing are damage, a check that calls what is not here is nobody’s', async () => {
  const path = join(await newFolder(), 'a.db');
  const db = new Sqlite(path);
  db.pragma('foreign_keys = OFF');
  db.exec('CREATE TABLE a(id PRIMARY KEY); CREATE TABLE b(a REFERENCES a(id)); INSERT INTO b VALUES (1)');
  db.close();
  await expect(assertSound(path, NO_WAIT)).rejects.toThrow(
    'a row of b refers to a row of a that is not there',
  );

  const mismatch = join(await newFolder(), 'a.db');
  const odd = new Sqlite(mismatch);
  odd.exec('PRAGMA foreign_keys = OFF; CREATE TABLE a(x); CREATE TABLE b(a REFERENCES a(x))');
  odd.close();
  await expect(assertSound(mismatch, NO_WAIT)).rejects.toThrow('its foreign keys cannot be checked');

  const foreign = join(await newFolder(), 'a.db');
  const made = new Sqlite(foreign);
  made.function('probe', { deterministic: true }, () => 1);
  made.exec('CREATE TABLE a(id CHECK (probe())); INSERT INTO a VALUES (1)');
  made.close();
  await assertSound(foreign, NO_WAIT);
});
