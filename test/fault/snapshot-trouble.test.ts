import { once } from 'node:events';
import { watch } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/sandbox/prng.ts';
import { run, start, whenFinished, type Finished } from '../cli/spawn.ts';
import {
  change,
  contentsOf,
  failureOf,
  metaIn,
  newDatabase,
  SCRIPT,
  setMeta,
  snapshot,
  valuesIn,
} from '../cli/snapshot-scene.ts';
import { runModule, startModule } from '../jsonl/node-child.ts';
import { onSmallDisk } from '../jsonl/small-disk.ts';
import { newFolder } from '../snapshot/new-folder.ts';
import { vector } from '../snapshot/vectors.ts';
import { namesIn } from '../sqlite/databases.ts';

const OFFLINE = vector('offline-signed.tar.gz');
const isLinux = process.platform === 'linux';

/** Some 8 MB that gzip cannot make smaller. */
const BALLAST = `CREATE TABLE ballast(b);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  INSERT INTO ballast SELECT randomblob(8000) FROM n;`;

describe('a database that others use', () => {
  const ROWS = 500;
  const ACCOUNTS = `PRAGMA journal_mode = WAL;
    CREATE TABLE one(id INTEGER PRIMARY KEY, sum INTEGER, filler BLOB);
    CREATE TABLE other(id INTEGER PRIMARY KEY, sum INTEGER, filler BLOB);
    CREATE TABLE done(count INTEGER);
    INSERT INTO done VALUES (0);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO one(sum, filler) SELECT 100, randomblob(8000) FROM n;
    INSERT INTO other(sum, filler) SELECT sum, filler FROM one;`;
  /** Moves sums from one table to the other and never rests. */
  const WRITER = `import Sqlite from 'better-sqlite3';
    const db = new Sqlite(process.argv[1], { timeout: 60_000 });
    const take = db.prepare('UPDATE one SET sum = sum - 1, filler = randomblob(8000) WHERE id = ?');
    const give = db.prepare('UPDATE other SET sum = sum + 1, filler = randomblob(8000) WHERE id = ?');
    const count = db.prepare('UPDATE done SET count = count + 1');
    const move = db.transaction((from, to) => { take.run(from); give.run(to); count.run(); });
    const any = () => 1 + Math.floor(Math.random() * ${ROWS});
    console.log('at work');
    process.stdin.on('data', () => process.exit());
    const next = () => { for (let i = 0; i < 5; i++) move(any(), any()); setImmediate(next); };
    next();`;
  const SUM = 'SELECT (SELECT sum(sum) FROM one) + (SELECT sum(sum) FROM other)';

  test('a writer that never rests is in no snapshot half, and every snapshot is restored', async () => {
    const cwd = await newFolder();
    const path = await newDatabase(cwd, ACCOUNTS);
    const writer = startModule(WRITER, { args: [path] });
    await once(writer.stdout!, 'data');
    const counts: number[] = [];
    for (const name of ['1', '2', '3']) {
      const args = ['create', '--db', 'stigmem.db', '--out', `${name}.tar.gz`];
      expect((await snapshot(args, { cwd })).status).toBe(0);
      // A database in use is not replaced.
      if (isLinux) {
        const over = ['restore', '--db', 'stigmem.db', `${name}.tar.gz`];
        expect(await failureOf(over, { cwd })).toEqual({ status: 11, code: 'DATABASE_IN_USE' });
      }
      expect((await snapshot(['restore', '--db', `${name}.db`, `${name}.tar.gz`], { cwd })).status).toBe(0);
      const copy = join(cwd, `${name}.db`);
      expect(valuesIn(copy, SUM)).toEqual([200 * ROWS]);
      expect(valuesIn(copy, 'PRAGMA integrity_check')).toEqual(['ok']);
      counts.push(...(valuesIn(copy, 'SELECT count FROM done') as number[]));
    }
    writer.stdin!.write('stop');
    await once(writer, 'exit');
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(valuesIn(path, 'SELECT count FROM done')[0]).toBeGreaterThanOrEqual(counts.at(-1)!);
    const names = ['1', '2', '3'].flatMap((name) => [`${name}.db`, `${name}.tar.gz`]);
    expect((await namesIn(cwd)).filter((name) => !/-wal$|-shm$/.test(name))).toEqual([
      ...names,
      'stigmem.db',
    ]);
  });

  test.each(['delete', 'wal'])(
    'locked for longer than --busy-timeout (%s): 11, nothing is touched',
    async (mode) => {
      const cwd = await newFolder();
      const path = await newDatabase(cwd, `PRAGMA journal_mode = ${mode};`);
      const holder = startModule(
        `import Sqlite from 'better-sqlite3';
      const db = new Sqlite(process.argv[1]);
      db.pragma('locking_mode = EXCLUSIVE');
      db.exec('BEGIN EXCLUSIVE; CREATE TABLE held(a)');
      console.log('held');
      process.stdin.on('data', () => { db.exec('COMMIT'); db.close(); process.exit(); });`,
        { args: [path] },
      );
      await once(holder.stdout!, 'data');
      const before = await contentsOf(cwd);
      const codes = [];
      for (const args of [
        ['create', '--db', 'stigmem.db', '--out', 'a.tar.gz'],
        ['restore', '--db', 'stigmem.db', OFFLINE],
        ['restore', '--db', 'stigmem.db', OFFLINE, '--force-unverified'],
      ]) {
        codes.push(await failureOf([...args, '--busy-timeout', '50ms'], { cwd }));
      }
      expect(await contentsOf(cwd)).toEqual(before);
      const waiting = snapshot(
        ['create', '--db', 'stigmem.db', '--busy-timeout', '60s', '--out', 'a.tar.gz'],
        { cwd },
      );
      holder.stdin!.write('let go');
      await once(holder, 'exit');
      expect((await waiting).status).toBe(0);
      expect(codes).toEqual(Array.from({ length: 3 }, () => ({ status: 11, code: 'DATABASE_BUSY' })));
    },
  );
});

/** Starts a command and sends it a signal after so many changes in the folder. */
async function signalAfter(
  changes: number,
  signal: NodeJS.Signals,
  cwd: string,
  args: readonly string[],
): Promise<Finished> {
  const child = start(SCRIPT, ['snapshot', ...args], { cwd });
  const finished = whenFinished(child);
  let left = changes;
  const watcher = watch(cwd, { recursive: true }, () => {
    if (left-- === 0) child.kill(signal);
  });
  try {
    return await finished;
  } finally {
    watcher.close();
  }
}

/** An old database whose last word is in its WAL only, as a node leaves it that was killed, and a snapshot of another. */
async function newScene(): Promise<{ readonly cwd: string; readonly renew: () => Promise<string> }> {
  const workshop = await newFolder();
  await newDatabase(workshop, setMeta('said', 'new') + BALLAST, 'new.db');
  await snapshot(['create', '--db', 'new.db', '--out', 'a.tar.gz'], { cwd: workshop });
  const old = await newDatabase(workshop, BALLAST, 'old.db');
  const db = new Sqlite(old);
  db.pragma('journal_mode = WAL');
  db.pragma('wal_autocheckpoint = 0');
  db.exec(setMeta('said', 'old'));
  for (const suffix of ['', '-wal']) await copyFile(`${old}${suffix}`, join(workshop, `kept.db${suffix}`));
  db.close();
  const renew = async (): Promise<string> => {
    const cwd = await newFolder();
    await copyFile(join(workshop, 'a.tar.gz'), join(cwd, 'a.tar.gz'));
    for (const suffix of ['', '-wal'])
      await copyFile(join(workshop, `kept.db${suffix}`), join(cwd, `stigmem.db${suffix}`));
    return cwd;
  };
  return { cwd: workshop, renew };
}

/** What a fresh process says of a database: what it holds, and whether it is whole. */
async function look(path: string): Promise<string> {
  return runModule(
    `import Sqlite from 'better-sqlite3';
    const db = new Sqlite(process.argv[1], { fileMustExist: true });
    const one = (sql) => db.prepare(sql).pluck().get();
    console.log(one("SELECT value FROM node_meta WHERE key = 'said'"), one('SELECT count(*) FROM ballast'),
      db.pragma('integrity_check', { simple: true }));
    db.close();`,
    { args: [path] },
  );
}

const OLD = 'old 1000 ok\n';
const NEW = 'new 1000 ok\n';

describe('kill -9', () => {
  test('of a restore, wherever it comes: one of the two, whole; a second run completes it', async () => {
    const { renew } = await newScene();
    const random = new Prng('kill snapshot restore');
    const ends = new Set<string>();
    const found = new Set<string>();
    const args = ['restore', '--db', 'stigmem.db', 'a.tar.gz', '--pre-restore-backup', 'before.db'];
    for (const changes of [0, 2, 5, ...Array.from({ length: 9 }, () => random.integer(6, 60))]) {
      const cwd = await renew();
      const { status, signal } = await signalAfter(changes, 'SIGKILL', cwd, args);
      const end = signal ?? String(status);
      expect(['SIGKILL', '0']).toContain(end);
      ends.add(end);
      const path = join(cwd, 'stigmem.db');
      const names = await readdir(cwd);
      const now = await look(path);
      expect([OLD, NEW]).toContain(now);
      if (end === '0') expect(now).toBe(NEW);
      found.add(now);
      if (names.includes('before.db')) expect(await look(join(cwd, 'before.db'))).toBe(OLD);
      // Once it is replaced, the old one is aside.
      if (now === NEW) expect(names).toContain('before.db');
      const again = await snapshot([...args.slice(0, -1), 'again.db'], { cwd });
      expect(again.status, again.stderr).toBe(0);
      expect(await look(path)).toBe(NEW);
      expect(await look(join(cwd, 'again.db'))).toBe(now);
      const left = (await namesIn(cwd)).filter((name) => name !== 'before.db');
      expect(left).toEqual(['a.tar.gz', 'again.db', 'stigmem.db']);
    }
    expect(ends).toContain('SIGKILL');
    expect(found).toContain(OLD);
  }, 240_000);

  test('of a create: no snapshot or a whole one, and the next run tidies up', async () => {
    const { cwd } = await newScene();
    const random = new Prng('kill snapshot create');
    const before = await namesIn(cwd);
    for (const changes of [0, 3, ...Array.from({ length: 4 }, () => random.integer(4, 80))]) {
      const out = `${changes}.tar.gz`;
      await signalAfter(changes, 'SIGKILL', cwd, ['create', '--db', 'new.db', '--out', out]);
      if ((await readdir(cwd)).includes(out))
        expect((await snapshot(['verify', out], { cwd })).status).toBe(0);
      expect((await snapshot(['create', '--db', 'new.db', '--out', `next-${out}`], { cwd })).status).toBe(0);
      expect(await look(join(cwd, 'new.db'))).toBe(NEW);
      expect((await namesIn(cwd)).filter((name) => !/^(next-)?\d+\.tar\.gz$/.test(name))).toEqual(before);
    }
  }, 240_000);
});

describe.each([
  ['SIGINT', 130, 'INTERRUPTED'],
  ['SIGTERM', 143, 'TERMINATED'],
] as const)('%s', (signal, status, code) => {
  test('ends a create or a restore, and leaves nothing behind', async () => {
    const { renew } = await newScene();
    const ends = new Set<number | null>();
    for (const changes of [1, 4, 9]) {
      for (const args of [
        ['create', '--db', 'stigmem.db', '--out', 'b.tar.gz', '--json'],
        ['restore', '--db', 'stigmem.db', 'a.tar.gz', '--pre-restore-backup', 'before.db', '--json'],
      ]) {
        const cwd = await renew();
        const finished = await signalAfter(changes, signal, cwd, args);
        ends.add(finished.status);
        expect([0, status]).toContain(finished.status);
        const now = await look(join(cwd, 'stigmem.db'));
        const names = (await namesIn(cwd)).filter((name) => !/-(wal|shm)$/.test(name));
        if (finished.status !== status) continue;
        expect(finished.stdout).toContain(`"code":"${code}"`);
        expect(now).toBe(OLD);
        // The copy aside may have been made: then it is whole.
        expect(names.filter((name) => name !== 'before.db')).toEqual(['a.tar.gz', 'stigmem.db']);
        if (names.includes('before.db')) expect(await look(join(cwd, 'before.db'))).toBe(OLD);
      }
    }
    expect(ends).toContain(status);
  });
});

describe.skipIf(onSmallDisk === undefined)('a disk that takes no more', () => {
  test.each([
    ['too small', 'size=26m', 'true', ['NO_ROOM', 'NO_ROOM']],
    // In WAL mode SQLite must write beside a database to read it.
    ['read-only', 'size=96m', 'mount -o remount,ro /mnt', ['FILE_UNWRITABLE', 'FILE_UNREADABLE']],
  ] as const)('%s: 16, and what is there stays; with room it works', async (_, options, then, codes) => {
    const { cwd } = await newScene();
    const bin = fileURLToPath(new URL(`../../${SCRIPT}`, import.meta.url));
    const script = [
      'cp new.db /mnt/new.db; cp old.db /mnt/old.db',
      then,
      'sha256sum /mnt/* > before',
      '"$@" create --db /mnt/new.db --out /mnt/b.tar.gz --json; echo "create $?" >&2',
      '"$@" restore --db /mnt/old.db a.tar.gz --json; echo "restore $?" >&2',
      'sha256sum /mnt/* > after; ls -A /mnt > names',
      'mount -o remount,rw,size=128m /mnt',
      '"$@" create --db /mnt/new.db --out /mnt/b.tar.gz --json; echo "create $?" >&2',
      '"$@" restore --db /mnt/old.db /mnt/b.tar.gz --json; echo "restore $?" >&2',
    ].join('\n');
    const words = onSmallDisk!(options);
    const through = [...words.slice(1), 'sh', '-c', script, 'sh', process.execPath, bin, 'snapshot'];
    const { stdout, stderr } = await run(words[0]!, through, { isScript: false, cwd });
    const statuses = stderr.split('\n').filter((row) => /^(create|restore) \d/.test(row));
    expect(statuses, stdout + stderr).toEqual(['create 16', 'restore 16', 'create 0', 'restore 0']);
    expect(stdout.match(/"code":"\w+"/g)).toEqual(codes.map((code) => `"code":"${code}"`));
    const read = async (name: string): Promise<string> =>
      (await run('cat', [name], { isScript: false, cwd })).stdout;
    expect(await read('after')).toBe(await read('before'));
    expect(await read('names')).toBe('new.db\nold.db\n');
  });
});

test('two at once: one works, the other is told to wait, or comes after it', async () => {
  const { renew } = await newScene();
  const cwd = await renew();
  change(join(cwd, 'stigmem.db'), 'PRAGMA user_version;'); // takes the WAL in
  const both = await Promise.all(
    ['1', '2'].map((name) =>
      snapshot(['restore', '--db', 'stigmem.db', 'a.tar.gz', '--pre-restore-backup', name, '--json'], {
        cwd,
      }),
    ),
  );
  expect(both.map(({ status }) => status)).toContain(0);
  for (const { status, records } of both) {
    if (status === 0) continue;
    expect(status).toBe(11);
    expect(records.at(-1)?.['code']).toMatch(/^(LOCKED|DATABASE_IN_USE|DATABASE_BUSY)$/);
  }
  expect(metaIn(join(cwd, 'stigmem.db'), 'said')).toBe('new');
  expect((await namesIn(cwd)).filter((name) => /part|lock|-wal|-shm/.test(name))).toEqual([]);
});
