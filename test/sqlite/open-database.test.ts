import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { isReadable, openDatabase, withDatabase } from '../../src/sqlite/open-database.ts';
import { hasTables, listTables } from '../../src/sqlite/tables.ts';
import { runModule } from '../jsonl/node-child.ts';
import { onSmallDisk } from '../jsonl/small-disk.ts';
import {
  codeOf,
  makeDatabase,
  makeHotJournal,
  makeHotWal,
  namesIn,
  newFolder,
  NO_WAIT,
  wordsIn,
} from './databases.ts';
import { BUILT } from './built.ts';

const READ = { ...NO_WAIT, mode: 'read' } as const;
const WRITE = { ...NO_WAIT, mode: 'write' } as const;

test('what is no database is told as such, however it is opened', async () => {
  const folder = await newFolder();
  makeDatabase(join(folder, 'whole'), 'x', 'delete', 5000);
  const whole = await readFile(join(folder, 'whole'));
  await mkdir(join(folder, 'a folder'));
  execFileSync('mkfifo', [join(folder, 'a fifo')]);
  const files: Record<string, Uint8Array | string> = {
    empty: '',
    text: 'hello '.repeat(2000),
    'cut in a page': whole.subarray(0, 9000),
    'cut between pages': whole.subarray(0, 8192),
    'cut in the header': whole.subarray(0, 50),
    encrypted: randomBytes(8192),
    'of a later format': Buffer.concat([whole.subarray(0, 18), Buffer.from([9, 9]), whole.subarray(20)]),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  for (const name of ['a folder', 'a fifo', ...Object.keys(files)]) {
    for (const settings of [READ, WRITE]) {
      expect([name, await codeOf(openDatabase(join(folder, name), settings))]).toEqual([
        name,
        'DATABASE_FORMAT',
      ]);
    }
  }
  expect(await codeOf(openDatabase(join(folder, 'nothing'), READ))).toBe('FILE_UNREADABLE');
  expect(await codeOf(openDatabase(join(folder, 'no', 'folder'), READ))).toBe('FILE_UNREADABLE');
  expect((await readFile(join(folder, 'text'), 'utf8')).slice(0, 5)).toBe('hello');
});

test('a name that better-sqlite3 would take for another is refused', async () => {
  const folder = await newFolder();
  makeDatabase(join(folder, 'a'), 'x');
  await writeFile(join(folder, 'a '), 'not a database');
  expect(await codeOf(openDatabase(join(folder, 'a '), READ))).toBe('FILE_UNREADABLE');
});

test('one that is locked is waited for, but not for longer than said', async () => {
  const path = join(await newFolder(), 'a.db');
  makeDatabase(path, 'x');
  const other = new Sqlite(path);
  other.exec('BEGIN EXCLUSIVE');
  expect(await codeOf(openDatabase(path, READ))).toBe('DATABASE_BUSY');
  expect(await codeOf(openDatabase(path, { ...READ, busyTimeoutMs: 20 }))).toBe('DATABASE_BUSY');
  const stop = new AbortController();
  const stopped = openDatabase(path, { mode: 'read', busyTimeoutMs: 60_000, signal: stop.signal });
  setImmediate(() => {
    stop.abort(new Error('enough'));
  });
  await expect(stopped).rejects.toThrow('enough');
  const waiting = openDatabase(path, { mode: 'read', busyTimeoutMs: 60_000 });
  setImmediate(() => other.exec('COMMIT'));
  const db = await waiting;
  expect(db.pragma('busy_timeout', { simple: true })).toBe(60_000);
  db.close();
  other.close();
});

test('reading leaves nothing beside a database, and changes nothing', async () => {
  const folder = await newFolder();
  const path = join(folder, 'a.db');
  makeDatabase(path, 'x', 'wal');
  const before = await stat(path, { bigint: true });
  await withDatabase(path, READ, listTables);
  expect(await namesIn(folder)).toEqual(['a.db']);
  expect((await stat(path, { bigint: true })).mtimeNs).toBe(before.mtimeNs);
  expect(await codeOf(withDatabase(path, READ, (db) => db.exec('DROP TABLE words')))).toBe('FILE_UNWRITABLE');
});

test('nor beside one in WAL mode that is cut, which cannot be read', async () => {
  const folder = await newFolder();
  const path = join(folder, 'a.db');
  makeDatabase(path, 'x', 'wal', 5000);
  await truncate(path, 20_000);
  const before = await readFile(path);
  expect(await codeOf(withDatabase(path, READ, () => undefined))).toBe('DATABASE_FORMAT');
  expect(await namesIn(folder)).toEqual(['a.db']);
  expect(await isReadable(path)).toBe(false);
  expect(await namesIn(folder)).toEqual(['a.db']);
  expect(await readFile(path)).toEqual(before);
});

test('what waits in the WAL of a process that died is seen, and stays there', async () => {
  const folder = await newFolder();
  const path = join(folder, 'a.db');
  await makeHotWal(path, 'old', 'late');
  const wal = await readFile(`${path}-wal`);
  const words = await withDatabase(path, READ, (db) =>
    db.prepare('SELECT DISTINCT said FROM words').pluck().all(),
  );
  expect(words).toEqual(['old', 'late']);
  expect(await readFile(`${path}-wal`)).toEqual(wal);
});

test('what a process that died left half done is not seen', async () => {
  const path = join(await newFolder(), 'a.db');
  await makeHotJournal(path, 'old', 'half');
  const words = await withDatabase(path, READ, (db) => {
    expect(() => db.exec('DELETE FROM words')).toThrow();
    return db.prepare('SELECT DISTINCT said FROM words').pluck().all();
  });
  expect(words).toEqual(['old']);
});

test('nothing that a schema names can do more than compute', async () => {
  const path = join(await newFolder(), 'a.db');
  const hostile = new Sqlite(path);
  hostile.function('probe', { deterministic: true }, () => 1);
  hostile.exec(`CREATE TABLE audit(a);
    CREATE TABLE log(a);
    CREATE VIEW stolen AS SELECT probe() AS a;
    CREATE VIEW pages AS SELECT * FROM dbstat;
    CREATE VIRTUAL TABLE facts USING fts5(text);
    CREATE TRIGGER spring AFTER INSERT ON log BEGIN SELECT probe(); END;
    INSERT INTO audit(a) VALUES (1);`);
  hostile.close();
  const db = await openDatabase(path, WRITE);
  let ran = 0;
  db.function('probe', { deterministic: true }, () => ++ran);
  for (const sql of ['SELECT * FROM stolen', 'SELECT * FROM pages', "INSERT INTO log VALUES ('a')"]) {
    expect(() => db.prepare(sql).all()).toThrow(/unsafe use/);
  }
  expect(() => db.exec("SELECT load_extension('/tmp/evil.so')")).toThrow(/not authorized/);
  expect(() => db.exec('PRAGMA writable_schema = ON; DELETE FROM sqlite_schema')).toThrow();
  expect(db.pragma('cell_size_check', { simple: true })).toBe(1);
  expect(ran).toBe(0);
  expect(listTables(db).filter((name) => !name.startsWith('facts_'))).toEqual(['audit', 'log']);
  expect(hasTables(db, ['audit', 'log'])).toBe(true);
  for (const name of ['stolen', 'facts', 'nothing']) expect(hasTables(db, ['audit', name])).toBe(false);
  db.close();
});

test('links are followed to where the side files are', async () => {
  const folder = await newFolder();
  await mkdir(join(folder, 'real'));
  await makeHotWal(join(folder, 'real', 'a.db'), 'old', 'late');
  await symlink(join('real', 'a.db'), join(folder, 'link.db'));
  const words = await withDatabase(join(folder, 'link.db'), READ, (db) =>
    db.prepare('SELECT DISTINCT said FROM words').pluck().all(),
  );
  expect(words).toEqual(['old', 'late']);
});

const OPEN_AS_NOBODY = `import { openDatabase } from '${BUILT}open-database.js';
  const [path, mode, user] = process.argv.slice(1);
  if (user) process.setuid(Number(user));
  const tell = (error) => console.log(error.code);
  await openDatabase(path, { mode, busyTimeoutMs: 0 }).then((db) => console.log(db.open), tell);`;

test.skipIf(process.getuid?.() !== 0)('what we may not read or write is told as such', async () => {
  const folder = await newFolder();
  const path = join(folder, 'a.db');
  makeDatabase(path, 'x');
  await chmod(folder, 0o755);
  await chmod(path, 0o600);
  expect(await runModule(OPEN_AS_NOBODY, { args: [path, 'read', '65534'] })).toBe('FILE_UNREADABLE\n');
  await chmod(path, 0o644);
  expect(await runModule(OPEN_AS_NOBODY, { args: [path, 'read', '65534'] })).toBe('true\n');
});

test.skipIf(onSmallDisk === undefined)('WAL mode on a disk that is read-only is told as such', async () => {
  const folder = await newFolder();
  makeDatabase(join(folder, 'wal.db'), 'x', 'wal');
  makeDatabase(join(folder, 'delete.db'), 'x', 'delete');
  const script = `cp ${folder}/*.db /mnt && mount -o remount,ro /mnt && exec "$@"`;
  const through = [...onSmallDisk!('size=64m'), 'sh', '-c', script, 'sh'];
  expect(await runModule(OPEN_AS_NOBODY, { through, args: ['/mnt/wal.db', 'read'] })).toBe(
    'FILE_UNREADABLE\n',
  );
  expect(await runModule(OPEN_AS_NOBODY, { through, args: ['/mnt/delete.db', 'read'] })).toBe('true\n');
  expect(wordsIn(join(folder, 'delete.db'))).toEqual(['x']);
});
