import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replaceDatabase } from '../../src/sqlite/replace-database.ts';
import { makeDatabase, namesIn, newFolder, NO_WAIT, wordsIn, journalModeOf } from './databases.ts';

test.each(['wal', 'delete'] as const)(
  'the old database, in %s mode, is whole aside, the new one in its place',
  async (mode) => {
    const folder = await newFolder();
    const [path, newFile, aside] = ['a.db', 'b.db', 'c.db'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    makeDatabase(path, 'old', mode);
    makeDatabase(newFile, 'new', mode);
    expect(await replaceDatabase(path, newFile, { ...NO_WAIT, aside })).toEqual({
      path,
      aside,
      asideKind: 'database',
    });
    expect(await namesIn(folder)).toEqual(['a.db', 'b.db', 'c.db']);
    expect(journalModeOf(aside)).toBe(mode);
    expect([path, newFile, aside].map(wordsIn)).toEqual([['new'], ['new'], ['old']]);
  },
);
