import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, link, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { backUpDatabase } from '../../src/sqlite/back-up-database.ts';
import { runModule } from '../jsonl/node-child.ts';
import { onSmallDisk } from '../jsonl/small-disk.ts';
import { BUILT } from './built.ts';
import {
  codeOf,
  damage,
  fill,
  journalModeOf,
  makeDatabase,
  makeHotJournal,
  makeHotWal,
  namesIn,
  newFolder,
  NO_WAIT,
  wordsIn,
} from './databases.ts';

const namesOf = async (): Promise<{ folder: string; source: string; target: string }> => {
  const folder = await newFolder();
  return { folder, source: join(folder, 'a.db'), target: join(folder, 'b.db') };
};

test.each(['wal', 'delete'] as const)('a copy of a database in %s mode is one whole file', async (mode) => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'old', mode);
  const { bytes, pages, sha256 } = await backUpDatabase(source, target, NO_WAIT);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
  const copy = await readFile(target);
  const hash = createHash('sha256').update(copy).digest('hex');
  expect({ bytes, sha256 }).toEqual({ bytes: copy.length, sha256: hash });
  expect(pages).toBe(copy.length / 4096);
  expect((await stat(target)).mode & 0o777).toBe(0o600);
  expect(wordsIn(target)).toEqual(['old']);
  expect(journalModeOf(target)).toBe(mode);
  expect(journalModeOf(source)).toBe(mode);
});

test('what a process that died left is taken in, or taken back, as SQLite does', async () => {
  const { folder, source, target } = await namesOf();
  await makeHotWal(source, 'old', 'late');
  await backUpDatabase(source, target, NO_WAIT);
  expect(wordsIn(target)).toEqual(['late', 'old']);
  const half = join(folder, 'half.db');
  await makeHotJournal(half, 'old', 'half');
  await backUpDatabase(half, target, NO_WAIT);
  expect(wordsIn(target)).toEqual(['old']);
});

test('what is at the target is replaced with its mode, or kept when that is asked for', async () => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'new');
  await writeFile(target, 'something else');
  await chmod(target, 0o640);
  const refused = backUpDatabase(source, target, { ...NO_WAIT, over: 'refuse' });
  expect(await codeOf(refused)).toBe('FILE_EXISTS');
  expect(await readFile(target, 'utf8')).toBe('something else');
  await backUpDatabase(source, target, { ...NO_WAIT, over: 'replace' });
  expect((await stat(target)).mode & 0o777).toBe(0o640);
  expect(wordsIn(target)).toEqual(['new']);
  await symlink('nowhere', join(folder, 'dangling'));
  await backUpDatabase(source, join(folder, 'dangling'), { ...NO_WAIT, over: 'refuse' });
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db', 'dangling', 'nowhere']);
});

test('a file that comes while the copy is made is not replaced when that is refused', async () => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'new');
  const onProgress = (): void => {
    if (!existsSync(target)) makeDatabase(target, 'theirs');
  };
  const refused = backUpDatabase(source, target, { ...NO_WAIT, over: 'refuse', onProgress });
  expect(await codeOf(refused)).toBe('FILE_EXISTS');
  expect(wordsIn(target)).toEqual(['theirs']);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
});

test('a database is not copied over itself, by whatever name', async () => {
  const { folder, source } = await namesOf();
  makeDatabase(source, 'old');
  await symlink('a.db', join(folder, 'soft.db'));
  await link(source, join(folder, 'hard.db'));
  for (const name of ['a.db', './a.db', 'soft.db', 'hard.db', 'a.db-wal', 'a.db-journal']) {
    expect(await codeOf(backUpDatabase(source, join(folder, name), NO_WAIT))).toBe('SAME_FILE');
  }
  expect(await codeOf(backUpDatabase(join(folder, 'soft.db'), source, NO_WAIT))).toBe('SAME_FILE');
  expect(wordsIn(source)).toEqual(['old']);
});

test.each([
  ['pages do not fit together', damage],
  [
    'a row refers to nothing',
    (path: string): Promise<void> => {
      const db = new Sqlite(path);
      db.pragma('foreign_keys = OFF');
      db.exec('CREATE TABLE r(w REFERENCES words(id)); INSERT INTO r VALUES (999999)');
      db.close();
      return Promise.resolve();
    },
  ],
])('where %s there is no backup, and the one before stays', async (_, harm) => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'new', 'delete', 3000);
  const db = new Sqlite(source);
  db.exec('CREATE INDEX by_word ON words(said)');
  db.close();
  makeDatabase(target, 'before');
  await harm(source);
  const failed = backUpDatabase(source, target, NO_WAIT);
  await expect(failed).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
  expect(wordsIn(target)).toEqual(['before']);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
});

test('a signal stops it between steps, and nothing is left', async () => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'x'.repeat(4000), 'wal', 5000);
  const stop = new AbortController();
  let reports = 0;
  const onProgress = (): void => {
    if (++reports === 2) stop.abort(new Error('enough'));
  };
  const stopped = backUpDatabase(source, target, { ...NO_WAIT, signal: stop.signal, onProgress });
  await expect(stopped).rejects.toThrow('enough');
  expect(reports).toBe(2);
  expect(await namesIn(folder)).toEqual(['a.db']);
});

test('what a killed run left is removed, what is not ours is not', async () => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'new');
  await mkdir(`${target}.part`);
  for (const name of ['new.db', 'new.db-journal', 'new.db-wal'])
    await writeFile(join(`${target}.part`, name), '?');
  await backUpDatabase(source, target, NO_WAIT);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);

  await mkdir(`${target}.part`);
  await writeFile(join(`${target}.part`, 'precious'), '!');
  expect(await codeOf(backUpDatabase(source, target, NO_WAIT))).toBe('FILE_UNWRITABLE');
  expect(await readFile(join(`${target}.part`, 'precious'), 'utf8')).toBe('!');
});

test('a link in the place of our folder is removed, and what it leads to stays', async () => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'new');
  await mkdir(join(folder, 'theirs'));
  await writeFile(join(folder, 'theirs', 'new.db'), '!');
  await symlink('theirs', `${target}.part`);
  await backUpDatabase(source, target, NO_WAIT);
  expect(await readFile(join(folder, 'theirs', 'new.db'), 'utf8')).toBe('!');
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db', 'theirs']);
});

test('our folder is for us alone while the copy is made', async () => {
  const { source, target } = await namesOf();
  makeDatabase(source, 'new');
  const modes: Promise<number>[] = [];
  const onProgress = (): void => {
    modes.push(stat(`${target}.part`).then(({ mode }) => mode & 0o777));
  };
  await backUpDatabase(source, target, { ...NO_WAIT, onProgress });
  expect(new Set(await Promise.all(modes))).toEqual(new Set([0o700]));
});

test('what lies beside the old backup does not get into the new one', async () => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'new');
  await makeHotWal(target, 'before', 'late');
  await backUpDatabase(source, target, NO_WAIT);
  expect(wordsIn(target)).toEqual(['new']);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
  await makeHotJournal(target, 'before', 'half');
  await backUpDatabase(source, target, NO_WAIT);
  expect(wordsIn(target)).toEqual(['new']);
});

test('a target that somebody uses, or of which half is missing, is refused', async () => {
  const { source, target } = await namesOf();
  makeDatabase(source, 'new');
  makeDatabase(target, 'theirs', 'wal');
  const other = new Sqlite(target);
  other.prepare('SELECT * FROM words').all();
  expect(await codeOf(backUpDatabase(source, target, NO_WAIT))).toBe('DATABASE_IN_USE');
  fill(other, 'more');
  expect(await codeOf(backUpDatabase(source, target, NO_WAIT))).toBe('DATABASE_IN_USE');
  other.close();
  expect(wordsIn(target)).toEqual(['more', 'theirs']);

  const orphan = join(await newFolder(), 'c.db');
  await makeHotWal(orphan, 'a', 'b');
  await rm(orphan);
  expect(await codeOf(backUpDatabase(source, orphan, NO_WAIT))).toBe('DATABASE_IN_USE');
});

test('a source that is locked is waited for', async () => {
  const { source, target } = await namesOf();
  makeDatabase(source, 'old');
  const other = new Sqlite(source);
  other.exec('BEGIN EXCLUSIVE');
  expect(await codeOf(backUpDatabase(source, target, NO_WAIT))).toBe('DATABASE_BUSY');
  const waiting = backUpDatabase(source, target, { busyTimeoutMs: 60_000 });
  setTimeout(() => other.exec('COMMIT'));
  await waiting;
  other.close();
  expect(wordsIn(target)).toEqual(['old']);
});

test('two do not write one backup', async () => {
  const { source, target } = await namesOf();
  makeDatabase(source, 'old');
  const second: Promise<unknown>[] = [];
  const onProgress = (): void => {
    if (second.length === 0) second.push(codeOf(backUpDatabase(source, target, NO_WAIT)));
  };
  await backUpDatabase(source, target, { ...NO_WAIT, onProgress });
  expect(await Promise.all(second)).toEqual(['LOCKED']);
});

const BACK_UP = `import { backUpDatabase } from '${BUILT}back-up-database.js';
  const tell = (error) => console.log(error.code);
  await backUpDatabase(process.argv[1], process.argv[2], { busyTimeoutMs: 0 }).then(() => console.log('done'), tell);`;

test.skipIf(onSmallDisk === undefined)(
  'a disk that is too small, or read-only, keeps what it has',
  async () => {
    const { folder, source } = await namesOf();
    makeDatabase(source, 'x'.repeat(4000), 'wal', 2000);
    const script = (then: string): string[] => [
      'sh',
      '-c',
      `echo before > /mnt/b.db; ${then}; "$@"; cat /mnt/b.db; ls -A /mnt`,
      'sh',
    ];
    const run = (size: string, then: string): Promise<string> =>
      runModule(BACK_UP, {
        through: [...onSmallDisk!(`size=${size}`), ...script(then)],
        args: [source, '/mnt/b.db'],
      });
    expect(await run('20m', 'true')).toBe('NO_ROOM\nbefore\nb.db\n');
    expect(await run('64m', 'mount -o remount,ro /mnt')).toBe('FILE_UNWRITABLE\nbefore\nb.db\n');
    expect(await namesIn(folder)).toEqual(['a.db']);
  },
);

test.skipIf(process.platform === 'win32')('a write that fails in the middle leaves no backup', async () => {
  const { folder, source, target } = await namesOf();
  makeDatabase(source, 'x'.repeat(4000), 'wal', 2000);
  const through = ['sh', '-c', 'ulimit -f 2048 && exec "$@"', 'sh'];
  expect(await runModule(BACK_UP, { through, args: [source, target] })).toMatch(
    /^(FILE_UNWRITABLE|NO_ROOM)\n$/,
  );
  expect(await namesIn(folder)).toEqual(['a.db']);
});
