import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, link, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import {
  assertReplaceable,
  replaceDatabase,
  type ReplaceSettings,
} from '../../src/sqlite/replace-database.ts';
import { runModule, startModule } from '../jsonl/node-child.ts';
import { onSmallDisk } from '../jsonl/small-disk.ts';
import { BUILT } from './built.ts';
import {
  codeOf,
  damage,
  journalModeOf,
  makeDatabase,
  makeHotJournal,
  makeHotWal,
  namesIn,
  newFolder,
  NO_WAIT,
  wordsIn,
  type JournalMode,
} from './databases.ts';

interface Scene {
  readonly folder: string;
  readonly path: string;
  readonly newFile: string;
  readonly aside: string;
  readonly replace: (settings?: Partial<ReplaceSettings>) => ReturnType<typeof replaceDatabase>;
}

/** A new database waiting to take the place of what a test puts at `path`. */
async function newScene(mode: JournalMode = 'delete'): Promise<Scene> {
  const folder = await newFolder();
  const [path, newFile, aside] = [join(folder, 'a.db'), join(folder, 'b.db'), join(folder, 'c.db')];
  makeDatabase(newFile, 'new', mode);
  const replace: Scene['replace'] = (settings) =>
    replaceDatabase(path, newFile, { ...NO_WAIT, aside, ...settings });
  return { folder, path, newFile, aside, replace };
}

const SCENE_NAMES = ['a.db', 'b.db', 'c.db'];
const isLinux = process.platform === 'linux';

test.each(['wal', 'delete'] as const)(
  'the old database, in %s mode, is whole aside, the new one in its place',
  async (mode) => {
    const { folder, path, newFile, aside, replace } = await newScene(mode);
    makeDatabase(path, 'old', mode);
    const given = await readFile(newFile);
    const told: unknown[] = [];
    const onAside = (...words: unknown[]): void => {
      told.push(...words, wordsIn(aside));
    };
    expect(await replace({ onAside })).toEqual({ path, aside, asideKind: 'database' });
    expect(told).toEqual([aside, 'database', ['old']]);
    expect(await namesIn(folder)).toEqual(SCENE_NAMES);
    expect(await readFile(path)).toEqual(given);
    expect(await readFile(newFile)).toEqual(given);
    expect(journalModeOf(aside)).toBe(mode);
    expect([path, aside].map(wordsIn)).toEqual([['new'], ['old']]);
    expect((await stat(aside)).mode & 0o777).toBe(0o600);
  },
);

test('what a process that died left beside the old one goes aside with it, and not into the new one', async () => {
  const hot = await newScene();
  await makeHotWal(hot.path, 'old', 'late');
  await hot.replace();
  expect([hot.path, hot.aside].map(wordsIn)).toEqual([['new'], ['late', 'old']]);
  expect(await namesIn(hot.folder)).toEqual(SCENE_NAMES);

  const half = await newScene();
  await makeHotJournal(half.path, 'old', 'half');
  await half.replace();
  expect([half.path, half.aside].map(wordsIn)).toEqual([['new'], ['old']]);
  expect(await namesIn(half.folder)).toEqual(SCENE_NAMES);
});

test('what SQLite cannot read goes aside byte for byte', async () => {
  const { folder, path, aside, replace } = await newScene();
  for (const [suffix, content] of Object.entries({
    '': 'no database',
    '-wal': 'a WAL',
    '-journal': 'a journal',
    '-shm': '?',
  })) {
    await writeFile(`${path}${suffix}`, content);
  }
  expect(await replace()).toEqual({ path, aside, asideKind: 'raw' });
  expect(await namesIn(folder)).toEqual([...SCENE_NAMES, 'c.db-journal', 'c.db-wal'].sort());
  expect(await readFile(aside, 'utf8')).toBe('no database');
  expect(await readFile(`${aside}-wal`, 'utf8')).toBe('a WAL');
  expect(await readFile(`${aside}-journal`, 'utf8')).toBe('a journal');
  expect(wordsIn(path)).toEqual(['new']);
});

test('what SQLite cannot read is not replaced where no copy of it is wanted', async () => {
  const { folder, path, newFile, replace } = await newScene();
  for (const content of ['my thesis\n'.repeat(1000), '']) {
    await writeFile(path, content);
    expect(await codeOf(replace({ aside: undefined }))).toBe('DATABASE_FORMAT');
    expect(await codeOf(assertReplaceable(path, newFile, { aside: undefined }))).toBe('DATABASE_FORMAT');
    expect(await readFile(path, 'utf8')).toBe(content);
    expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
  }
});

test('a damaged database that opens goes aside page for page', async () => {
  const { path, aside, replace } = await newScene();
  makeDatabase(path, 'old', 'delete', 3000);
  await damage(path);
  const old = await readFile(path);
  expect(await replace()).toMatchObject({ asideKind: 'database' });
  expect((await readFile(aside)).subarray(4096)).toEqual(old.subarray(4096));
  expect(wordsIn(path)).toEqual(['new']);
});

test('where nothing is, the new one comes, and not with what lies beside', async () => {
  const { folder, path, replace } = await newScene();
  expect(await replace()).toEqual({ path, aside: undefined, asideKind: undefined });
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await makeHotWal(path, 'old', 'late');
  await rm(path);
  expect(await replace()).toMatchObject({ asideKind: 'raw' });
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db', 'c.db-wal']);
  expect(wordsIn(path)).toEqual(['new']);
});

test('a link stays, what it leads to is replaced; mode and owner stay', async () => {
  const { folder, path, replace } = await newScene();
  await mkdir(join(folder, 'data'));
  const real = join(folder, 'data', 'real.db');
  makeDatabase(real, 'old');
  await chmod(real, 0o640);
  if (process.getuid?.() === 0) await chown(real, 65534, 65534);
  const before = await stat(real);
  await symlink(join('data', 'real.db'), path);
  expect(await replace({ aside: undefined })).toEqual({ path: real, aside: undefined, asideKind: undefined });
  const { mode, uid, gid } = await stat(path);
  expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
  expect(await namesIn(join(folder, 'data'))).toEqual(['real.db']);
  expect(wordsIn(path)).toEqual(['new']);
});

const OWNER = `import Sqlite from 'better-sqlite3';
  const db = new Sqlite(process.argv[1]);
  db.prepare('SELECT * FROM words').all();
  console.log('open');
  process.stdin.on('data', () => process.exit());`;

test.skipIf(!isLinux).each(['wal', 'delete'] as const)(
  'an owner that runs, idle in %s mode, is named, and nothing changes',
  async (mode) => {
    const { folder, path, newFile, aside, replace } = await newScene();
    makeDatabase(path, 'old', mode);
    const owner = startModule(OWNER, { args: [path] });
    await once(owner.stdout!, 'data');
    const inUse = {
      code: 'DATABASE_IN_USE',
      message: expect.stringContaining(`process ${owner.pid}`) as string,
    };
    const before = await namesIn(folder);
    await expect(replace()).rejects.toMatchObject(inUse);
    await expect(assertReplaceable(path, newFile, { aside })).rejects.toMatchObject(inUse);
    expect(await namesIn(folder)).toEqual(before);
    owner.stdin!.write('stop');
    await once(owner, 'exit');
    expect(journalModeOf(path)).toBe(mode);
    await assertReplaceable(path, newFile, { aside });
    expect(wordsIn(path)).toEqual(['old']);
    await replace();
    expect(wordsIn(path)).toEqual(['new']);
  },
);

test('a connection that /proc does not show is in the way all the same', async () => {
  // One of our own process is not looked for there.
  const wal = await newScene();
  makeDatabase(wal.path, 'old', 'wal');
  const idle = new Sqlite(wal.path);
  idle.prepare('SELECT * FROM words').all();
  expect(await codeOf(wal.replace())).toBe('DATABASE_IN_USE');
  expect(idle.pragma('journal_mode', { simple: true })).toBe('wal');
  idle.close();
  expect(await namesIn(wal.folder)).toEqual(['a.db', 'b.db']);

  const busy = await newScene();
  makeDatabase(busy.path, 'old');
  const writer = new Sqlite(busy.path);
  writer.exec('BEGIN IMMEDIATE');
  expect(await codeOf(busy.replace())).toBe('DATABASE_BUSY');
  expect(await codeOf(busy.replace({ busyTimeoutMs: 20 }))).toBe('DATABASE_BUSY');
  const waiting = busy.replace({ busyTimeoutMs: 60_000 });
  setTimeout(() => writer.exec('COMMIT'));
  await waiting;
  writer.close();
  expect(wordsIn(busy.aside)).toEqual(['old']);
});

test.skipIf(!isLinux)('nobody else gets at the old one once it is aside', async () => {
  const { path, replace } = await newScene();
  makeDatabase(path, 'old', 'wal');
  const WRITE = `import Sqlite from 'better-sqlite3';
    try { new Sqlite(process.argv[1], { timeout: 0 }).exec("UPDATE words SET said = 'lost'"); console.log('written'); }
    catch (error) { console.log(error.code); }`;
  const tries: Promise<string>[] = [];
  await expect(
    replace({
      onAside: () => {
        tries.push(runModule(WRITE, { args: [path] }));
        throw new Error('wait');
      },
    }),
  ).rejects.toThrow('wait');
  await Promise.all(tries);
  const late = await newScene();
  makeDatabase(late.path, 'old', 'wal');
  const { spawnSync } = await import('node:child_process');
  let said = '';
  await late.replace({
    onAside: () => {
      const words = ['--input-type=module', '-e', WRITE, '--', late.path];
      said = spawnSync(process.execPath, words, { encoding: 'utf8' }).stdout;
    },
  });
  expect(said).toBe('SQLITE_BUSY\n');
});

test('what fails before the new one has its name leaves the old one as it was', async () => {
  const { folder, path, newFile, aside, replace } = await newScene();
  makeDatabase(path, 'old', 'wal');
  const enough = new Error('enough');
  const stop = new AbortController();
  const fail = (): never => {
    throw enough;
  };
  await expect(replace({ check: fail })).rejects.toBe(enough);
  expect(await codeOf(replace({ sha256: '0'.repeat(64) }))).toBe('CHECKSUM_ERROR');
  expect(await codeOf(replace({ check: (db) => db.exec('DELETE FROM words') }))).toBe('FILE_UNWRITABLE');
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
  await expect(replace({ onAside: fail })).rejects.toBe(enough);
  expect(wordsIn(aside)).toEqual(['old']);
  await rm(aside);
  await expect(
    replace({
      signal: stop.signal,
      onAside: () => {
        stop.abort(enough);
      },
    }),
  ).rejects.toBe(enough);
  expect(await namesIn(folder)).toEqual(SCENE_NAMES);
  expect(journalModeOf(path)).toBe('wal');
  expect(wordsIn(path)).toEqual(['old']);
  await rm(aside);
  const sha256 = createHash('sha256')
    .update(await readFile(newFile))
    .digest('hex');
  await replace({ sha256 });
  expect(wordsIn(path)).toEqual(['new']);
});

test('a new one that is not sound is refused before anything is touched', async () => {
  const { folder, path, newFile, replace } = await newScene();
  makeDatabase(path, 'old');
  makeDatabase(newFile, 'new', 'delete', 3000);
  await damage(newFile);
  expect(await codeOf(replace())).toBe('DATABASE_DAMAGED');
  await writeFile(newFile, 'hello '.repeat(1000));
  expect(await codeOf(replace())).toBe('DATABASE_FORMAT');
  await makeHotJournal(newFile, 'new', 'half');
  expect(await codeOf(replace())).toBe('DATABASE_DAMAGED');
  await rm(newFile);
  expect(await codeOf(replace())).toBe('FILE_UNREADABLE');
  expect(wordsIn(path)).toEqual(['old']);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db-journal']);
});

test('what waits in the WAL of the new one comes with it, and the new one stays as it is', async () => {
  const { folder, path, newFile, replace } = await newScene();
  makeDatabase(path, 'old');
  await makeHotWal(newFile, 'new', 'newest');
  const given = [await readFile(newFile), await readFile(`${newFile}-wal`)];
  await replace();
  expect(wordsIn(path)).toEqual(['new', 'newest']);
  expect([await readFile(newFile), await readFile(`${newFile}-wal`)]).toEqual(given);
  expect(await namesIn(folder)).toEqual(['a.db', 'b.db', 'b.db-wal', 'c.db']);
});

test('names that are one, or taken', async () => {
  const { folder, path, newFile, replace } = await newScene();
  makeDatabase(path, 'old');
  await link(path, join(folder, 'hard.db'));
  await symlink('a.db', join(folder, 'soft.db'));
  for (const name of ['hard.db', 'soft.db', 'a.db', 'b.db', 'a.db-wal', 'b.db-journal']) {
    expect([name, await codeOf(replace({ aside: join(folder, name) }))]).toEqual([name, 'SAME_FILE']);
  }
  for (const name of ['hard.db', 'soft.db', 'a.db']) {
    const replaced = replaceDatabase(path, join(folder, name), { ...NO_WAIT, aside: undefined });
    expect([name, await codeOf(replaced)]).toEqual([name, 'SAME_FILE']);
  }
  for (const name of ['taken.db', 'free.db-wal']) await writeFile(join(folder, name), 'theirs');
  for (const name of ['taken.db', 'free.db']) {
    expect([name, await codeOf(replace({ aside: join(folder, name) }))]).toEqual([name, 'FILE_EXISTS']);
    const refused = assertReplaceable(path, newFile, { aside: join(folder, name) });
    expect(await codeOf(refused)).toBe('FILE_EXISTS');
  }
  expect(wordsIn(path)).toEqual(['old']);
});

const REPLACE = `import { replaceDatabase } from '${BUILT}replace-database.js';
  const [path, newFile, aside] = process.argv.slice(1);
  await replaceDatabase(path, newFile, { busyTimeoutMs: 0, aside }).then(
    ({ asideKind }) => console.log(asideKind), (error) => console.log(error.code));`;

test.skipIf(onSmallDisk === undefined)(
  'a disk that cannot take all of it, or nothing, keeps what it has',
  async () => {
    const { folder, path, newFile } = await newScene();
    makeDatabase(path, 'x'.repeat(4000), 'wal', 2000);
    const old = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    const run = (size: string, then: string): Promise<string> => {
      const script = `cp ${path} /mnt/a.db; ${then}; "$@"; sha256sum < /mnt/a.db; ls -A /mnt`;
      const through = [...onSmallDisk!(`size=${size}`), 'sh', '-c', script, 'sh'];
      return runModule(REPLACE, { through, args: ['/mnt/a.db', newFile, '/mnt/c.db'] });
    };
    expect(await run('30m', 'true')).toBe(`NO_ROOM\n${old}  -\na.db\n`);
    expect(await run('64m', 'mount -o remount,ro /mnt')).toBe(`FILE_UNWRITABLE\n${old}  -\na.db\n`);
    expect(await run('64m', 'true')).toMatch(/^database\n.*\na\.db\nc\.db\n$/);
    expect(await namesIn(folder)).toEqual(['a.db', 'b.db']);
  },
);

test.each([
  ['text', Buffer.from('no database at all\n'.repeat(100))],
  ['nothing', Buffer.alloc(0)],
  ['a cut one', undefined],
])(
  'a new file that holds %s is called by its own name, not by that of a copy of ours',
  async (_what, content) => {
    const { path, newFile, replace } = await newScene();
    makeDatabase(path, 'old', 'delete');
    await writeFile(newFile, content ?? (await readFile(newFile)).subarray(0, 5000));
    await expect(replace()).rejects.toThrow(newFile);
    await expect(replace()).rejects.not.toThrow('.part');
    expect(wordsIn(path)).toContain('old');
  },
);
