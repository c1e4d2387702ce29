import { once } from 'node:events';
import {
  copyFileSync,
  linkSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startModule } from '../jsonl/node-child.ts';
import { onSmallDisk } from '../jsonl/small-disk.ts';
import { newNode } from '../drill/node-database.ts';
import { addEvents } from '../managed/authority.ts';
import { vector } from '../snapshot/vectors.ts';
import { failureOf, hashOf, managed, newDesk } from './managing.ts';
import { run, type Finished } from './spawn.ts';

type Spoil = (path: string) => unknown;

/** What is no authority's database, and what is said of it. */
const BAD: readonly [string, Spoil, { readonly code: string; readonly exitStatus: number }][] = [
  [
    'a text',
    (path) => {
      writeFileSync(path, 'hello, I am no database\n'.repeat(500));
    },
    { code: 'DATABASE_FORMAT', exitStatus: 13 },
  ],
  [
    'nothing but noise, as an encrypted one',
    (path) => {
      writeFileSync(path, noise(32 * 4096));
    },
    { code: 'DATABASE_FORMAT', exitStatus: 13 },
  ],
  [
    'cut within its first page',
    (path) => {
      truncateSync(path, 1000);
    },
    { code: 'DATABASE_FORMAT', exitStatus: 13 },
  ],
  [
    'cut to a half',
    (path) => {
      truncateSync(path, 4096 * Math.floor(statSync(path).size / 8192));
    },
    { code: 'DATABASE_', exitStatus: 13 },
  ],
  [
    'empty',
    (path) => {
      truncateSync(path, 0);
    },
    { code: 'DATABASE_FORMAT', exitStatus: 13 },
  ],
  [
    'without the version of its schema',
    (path) => {
      sql(path, 'DROP TABLE schema_version');
    },
    { code: 'DATABASE_SCHEMA', exitStatus: 2 },
  ],
  [
    'older than audit events',
    (path) => {
      sql(path, 'DROP TABLE audit_events');
    },
    { code: 'DATABASE_SCHEMA', exitStatus: 2 },
  ],
  [
    'a Stigmem database',
    (path) => {
      copyFileSync(newNode(), path);
    },
    { code: 'DATABASE_SYSTEM', exitStatus: 2 },
  ],
  [
    'a Stigmem snapshot',
    (path) => {
      copyFileSync(vector('self-signed.tar.gz'), path);
    },
    { code: 'DATABASE_FORMAT', exitStatus: 13 },
  ],
];

function sql(path: string, text: string): void {
  const db = new Sqlite(path);
  db.exec(text);
  db.close();
}

/** Bytes that look like any others: from a fixed sequence. */
function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24),
  );
}

const RESTORE = ['restore', '--db-path', 'na.db', '--backup', 'b.db', '--yes'];
const BACKUP = ['backup', '--db-path', 'na.db', '--output', 'b.db'];

/** Every name with what it holds. */
function stateOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, hashOf(join(folder, name))]),
  );
}

async function expectRefused(
  desk: string,
  args: readonly string[],
  code: string,
  exitStatus: number,
): Promise<void> {
  const before = stateOf(desk);
  const failure = await failureOf(desk, args);
  expect(failure).toMatchObject({ code: expect.stringMatching(`^${code}`) as string, exitStatus });
  const { stdout, stderr, status } = await managed(desk, args);
  expect({ status, stdout }).toEqual({ status: exitStatus, stdout: '' });
  expect(stderr).toMatch(/^Error: /m);
  expect(stderr).not.toMatch(/^ +at /m);
  expect(stateOf(desk)).toEqual(before);
}

test.each(BAD)(
  'a backup that is %s is refused, and D is untouched',
  async (_, spoil, { code, exitStatus }) => {
    const desk = newDesk();
    copyFileSync(join(desk, 'na.db'), join(desk, 'b.db'));
    spoil(join(desk, 'b.db'));
    await expectRefused(desk, RESTORE, code, exitStatus);
  },
);

test.each(BAD)('of a database that is %s nothing is made', async (_, spoil, { code, exitStatus }) => {
  const desk = newDesk();
  spoil(join(desk, 'na.db'));
  await expectRefused(desk, BACKUP, code, exitStatus);
  const exportFlags = ['--db-path', 'na.db', '--output', 'audit.jsonl'];
  await expectRefused(desk, ['audit-export', ...exportFlags], code, exitStatus);
  await expectRefused(desk, ['incident', '--db-path', 'na.db', '--output', 'incident'], code, exitStatus);
});

test('an authority given to snapshot is refused, too', async () => {
  const desk = newDesk();
  const made = await run(
    'bin/mesh-backup.js',
    ['snapshot', 'create', '--db', 'na.db', '--out', '.', '--json'],
    { cwd: desk },
  );
  expect(made.status).toBe(2);
  expect(made.stdout).toContain('"DATABASE_SYSTEM"');
  expect(made.stdout).toContain('mesh-backup managed');
  expect(readdirSync(desk)).toEqual(['na.db']);
});

test('a backup that is not there, or no file', async () => {
  const desk = newDesk();
  await expectRefused(desk, RESTORE, 'FILE_UNREADABLE', 16);
  await expectRefused(
    desk,
    [...RESTORE.slice(0, 3), '--backup', '/dev/null', '--yes'],
    'DATABASE_FORMAT',
    13,
  );
});

const ALSO: readonly [string, (desk: string) => string][] = [
  ['the same name', () => './na.db'],
  ['a link', (desk) => (symlinkSync('na.db', join(desk, 'other.db')), 'other.db')],
  ['a hard link', (desk) => (linkSync(join(desk, 'na.db'), join(desk, 'other.db')), 'other.db')],
];

test.each(ALSO)('one file given twice by %s is refused', async (_, name) => {
  const desk = newDesk();
  const other = name(desk);
  await expectRefused(desk, ['restore', '--db-path', 'na.db', '--backup', other, '--yes'], 'SAME_FILE', 2);
  await expectRefused(desk, ['backup', '--db-path', 'na.db', '--output', other], 'SAME_FILE', 2);
});

test('a backup may not lie where SQLite would take it for a part of the database', async () => {
  const desk = newDesk();
  await expectRefused(desk, ['backup', '--db-path', 'na.db', '--output', 'na.db-wal'], 'SAME_FILE', 2);
});

test('what is kept must be kept somewhere else, where nothing is', async () => {
  const desk = newDesk();
  copyFileSync(join(desk, 'na.db'), join(desk, 'b.db'));
  writeFileSync(join(desk, 'p.db'), 'precious');
  const keep = (path: string): string[] => [...RESTORE, '--pre-restore-backup', path];
  await expectRefused(desk, keep('p.db'), 'FILE_EXISTS', 2);
  await expectRefused(desk, keep('na.db'), 'SAME_FILE', 2);
  await expectRefused(desk, keep('b.db'), 'SAME_FILE', 2);
  await expectRefused(desk, keep('nowhere/p.db'), 'FILE_UNWRITABLE', 16);
});

test('a database that is locked for longer than --busy-timeout', async () => {
  const desk = newDesk();
  sql(join(desk, 'na.db'), 'PRAGMA journal_mode = delete');
  const holder = new Sqlite(join(desk, 'na.db'));
  holder.exec('BEGIN EXCLUSIVE');
  onTestFinished(() => {
    holder.close();
  });
  const patience = ['--busy-timeout', '50ms'];
  expect(await failureOf(desk, [...BACKUP, ...patience])).toMatchObject({
    code: 'DATABASE_BUSY',
    exitStatus: 11,
  });
  const exported = ['audit-export', '--db-path', 'na.db', '--output', '-', ...patience];
  expect(await failureOf(desk, exported)).toMatchObject({ code: 'DATABASE_BUSY', exitStatus: 11 });
  expect(readdirSync(desk)).not.toContain('b.db');
});

test.runIf(process.platform === 'linux')('a database that somebody has open is not replaced', async () => {
  const desk = newDesk();
  await managed(desk, BACKUP);
  sql(join(desk, 'na.db'), 'PRAGMA journal_mode = delete');
  const owner = startModule(
    `import Sqlite from 'better-sqlite3';
    const db = new Sqlite(process.argv[1]);
    db.prepare('SELECT 1 FROM audit_events').get();
    console.log('open');
    process.stdin.on('data', () => process.exit());`,
    { args: [join(desk, 'na.db')] },
  );
  await once(owner.stdout!, 'data');
  try {
    await expectRefused(desk, RESTORE, 'DATABASE_IN_USE', 11);
    expect((await failureOf(desk, RESTORE))['message']).toContain(`${owner.pid}`);
  } finally {
    owner.stdin!.end('stop');
    await once(owner, 'close');
  }
  expect((await managed(desk, RESTORE)).status).toBe(0);
});

describe.skipIf(onSmallDisk === undefined)('a disk', () => {
  /** Runs a script where /mnt is a disk of this size; `$@` starts `mesh-backup managed`. */
  const onDisk = (size: string, desk: string, script: string): Promise<Finished> => {
    const bin = new URL('../../bin/mesh-backup.js', import.meta.url).pathname;
    const words = onSmallDisk!(`size=${size}`);
    const child = [process.execPath, bin, 'managed'];
    return run(words[0]!, [...words.slice(1), 'sh', '-c', script, 'sh', ...child], {
      isScript: false,
      cwd: desk,
    });
  };

  test.each([
    ['backup', '"$@" backup --db-path /mnt/na.db --output /mnt/b.db --json', 'NO_ROOM'],
    [
      'audit-export',
      'dd if=/dev/zero of=/mnt/fill bs=4k 2>/dev/null; "$@" audit-export --db-path na.db --output /mnt/a --json 2>&1',
      'NO_ROOM',
    ],
    ['restore', '"$@" restore --db-path /mnt/na.db --backup na.db --yes --json', 'NO_ROOM'],
  ])('that is full: %s says so, and all is as it was', async (_, command, code) => {
    const desk = newDesk();
    const script = `cp na.db /mnt/na.db; ${command}; echo "status $?"; cmp na.db /mnt/na.db && ls -A /mnt`;
    const { stdout } = await onDisk('400k', desk, script);
    expect(stdout).toContain(`"${code}"`);
    expect(stdout).toContain('status 16\n');
    expect(stdout.slice(stdout.indexOf('status')).split('\n').slice(1)).toEqual(
      command.includes('fill') ? ['fill', 'na.db', ''] : ['na.db', ''],
    );
  });

  test.each([
    ['backup', '"$@" backup --db-path na.db --output /mnt/b.db --json'],
    ['restore', '"$@" restore --db-path /mnt/na.db --backup na.db --yes --json'],
    ['incident', '"$@" incident --db-path /mnt/na.db --output /mnt/incident --json'],
    ['drill', '"$@" drill --db-path na.db --output /mnt/drill --json'],
  ])('that may not be written: %s says so', async (_, command) => {
    const desk = newDesk();
    const script = `cp na.db /mnt/na.db; mount -o remount,ro /mnt; ${command}; echo "status $?"; cmp na.db /mnt/na.db && ls -A /mnt`;
    const { stdout } = await onDisk('40m', desk, script);
    expect(stdout).toContain('"FILE_UNWRITABLE"');
    expect(stdout).toMatch(/status 16\nna\.db\n$/);
  });
});

test('a database in the middle of WAL: what is in the WAL is in the backup', async () => {
  const desk = newDesk();
  const db = new Sqlite(join(desk, 'na.db'));
  onTestFinished(() => {
    db.close();
  });
  db.pragma('journal_mode = wal');
  addEvents(db, [{ id: 'late' }]);
  expect((await managed(desk, BACKUP)).status).toBe(0);
  const copy = new Sqlite(join(desk, 'b.db'), { readonly: true });
  expect(copy.prepare('SELECT count(*) FROM audit_events').pluck().get()).toBe(13);
  copy.close();
});
