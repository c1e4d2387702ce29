import { readFile, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backUpDatabase } from '../../src/sqlite/back-up-database.ts';
import { makeDatabase, namesIn, newFolder, NO_WAIT, wordsIn, journalModeOf } from './databases.ts';

test.each(['wal', 'delete'] as const)('a copy of a database in %s mode is one whole file', async (mode) => {
  const folder = await newFolder();
  const [source, target] = [join(folder, 'a.db'), join(folder, 'b.db')];
  makeDatabase(source, 'old', mode);
  const { bytes, pages, sha256 } = await backUpDatabase(source, target, NO_WAIT);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
  const copy = await readFile(target);
  expect({ bytes, sha256 }).toEqual({
    bytes: copy.length,
    sha256: createHash('sha256').update(copy).digest('hex'),
  });
  expect(pages).toBe(copy.length / 4096);
  expect((await stat(target)).mode & 0o777).toBe(0o600);
  expect(wordsIn(target)).toEqual(['old']);
  expect(journalModeOf(target)).toBe(mode);
});
