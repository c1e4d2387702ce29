import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { addEvents } from '../managed/authority.ts';
import { failureOf, fixture, hashOf, managed, newDesk, recordsOf } from './managing.ts';
import { run } from './spawn.ts';

const VERBS = ['backup', 'restore', 'audit-export', 'check', 'drill', 'incident', 'verify'];

test.each(VERBS)('the help of managed %s is on stdout and fits 80 columns', async (verb) => {
  const { status, stdout, stderr } = await managed(newDesk(), [verb, '--help']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n').filter((row) => row.length > 80)).toEqual([]);
  const [, , ...description] = stdout
    .slice(0, stdout.indexOf('\n\n', stdout.indexOf('\n\n') + 1))
    .split('\n');
  // A line that was too long goes on in a short one.
  for (const row of description.slice(0, -1)) expect(row.length).toBeGreaterThan(60);
});

describe('backup', () => {
  test('answers as the real tool does, and makes the folder', async () => {
    const desk = newDesk();
    const before = hashOf(join(desk, 'na.db'));
    const finished = await managed(desk, ['backup', '--db-path', 'na.db', '--output', 'deep/er/copy ü🌸.db']);
    expect(finished).toEqual({
      status: 0,
      signal: null,
      stdout: '{\n  "db_path": "na.db",\n  "backup_path": "deep/er/copy \\u00fc\\ud83c\\udf38.db"\n}\n',
      stderr: '',
    });
    const copy = new Sqlite(join(desk, 'deep/er/copy ü🌸.db'), { readonly: true });
    expect(copy.prepare('SELECT count(*) FROM audit_events').pluck().get()).toBe(12);
    copy.close();
    expect(statSync(join(desk, 'deep/er/copy ü🌸.db')).mode & 0o777).toBe(0o600);
    expect(hashOf(join(desk, 'na.db'))).toBe(before);
    expect(readdirSync(desk).sort()).toEqual(['deep', 'na.db']);
  });

  test('replaces what is there, keeps its mode, and takes its flags as Go does', async () => {
    const desk = newDesk();
    writeFileSync(join(desk, 'copy.db'), 'old', { mode: 0o640 });
    const finished = await managed(desk, ['backup', '-db-path=na.db', '-output', 'copy.db', '-verbose']);
    expect(finished).toMatchObject({ status: 0 });
    expect(finished.stderr).toContain(`SHA-256 ${hashOf(join(desk, 'copy.db'))}`);
    expect(statSync(join(desk, 'copy.db')).mode & 0o777).toBe(0o640);
  });

  test('with --json it is a record', async () => {
    const desk = newDesk();
    const { stdout } = await managed(desk, ['backup', '--db-path', 'na.db', '--output', 'b.db', '--json']);
    expect(recordsOf(stdout)).toEqual([
      { type: 'summary', exitStatus: 0, db_path: 'na.db', backup_path: 'b.db' },
    ]);
  });
});

/** Backs up, and leaves the authority with one event more. */
async function backedUp(): Promise<string> {
  const desk = newDesk();
  const { status } = await managed(desk, ['backup', '--db-path', 'na.db', '--output', 'b.db']);
  expect(status).toBe(0);
  const db = new Sqlite(join(desk, 'na.db'));
  addEvents(db, [{ id: 'late' }]);
  db.pragma('journal_mode = delete');
  db.close();
  expect(eventsOf(desk, 'na.db')).toBe(13);
  return desk;
}

function eventsOf(desk: string, name: string): unknown {
  const db = new Sqlite(join(desk, name), { fileMustExist: true });
  try {
    return db.prepare('SELECT count(*) FROM audit_events').pluck().get();
  } finally {
    db.close();
  }
}

const RESTORE = ['restore', '--db-path', 'na.db', '--backup', 'b.db'];

describe('restore', () => {
  test('without --yes nothing happens', async () => {
    const desk = await backedUp();
    const before = hashOf(join(desk, 'na.db'));
    expect(await failureOf(desk, RESTORE)).toMatchObject({ code: 'NOT_CONFIRMED', exitStatus: 2 });
    const { stdout, stderr } = await managed(desk, RESTORE);
    expect({ stdout, stderr }).toEqual({
      stdout: '',
      stderr: 'Error: na.db would be replaced: say --yes.\n',
    });
    expect(hashOf(join(desk, 'na.db'))).toBe(before);
    expect(readdirSync(desk).sort()).toEqual(['b.db', 'na.db']);
  });

  test('keeps what was there beside it, and says where', async () => {
    const desk = await backedUp();
    const { status, stdout, stderr } = await managed(desk, [...RESTORE, '--yes']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const aside = readdirSync(desk).find((name) => name.startsWith('na.db.pre-restore-'))!;
    expect(aside).toMatch(/^na\.db\.pre-restore-\d{8}T\d{6}Z$/);
    expect(stdout).toBe(
      `{\n  "db_path": "na.db",\n  "restored_from": "b.db",\n  "pre_restore_backup": "${aside}"\n}\n`,
    );
    expect([eventsOf(desk, 'na.db'), eventsOf(desk, aside), eventsOf(desk, 'b.db')]).toEqual([12, 13, 12]);
    expect(hashOf(join(desk, 'na.db'))).toBe(hashOf(join(desk, 'b.db')));
  });

  test('--pre-restore-backup says where, --no-pre-restore-backup nowhere', async () => {
    const desk = await backedUp();
    const named = await managed(desk, [...RESTORE, '--yes', '--pre-restore-backup', './p.db']);
    expect(named.stdout).toContain('"pre_restore_backup": "./p.db"');
    expect([eventsOf(desk, 'na.db'), eventsOf(desk, 'p.db')]).toEqual([12, 13]);
    const none = await managed(desk, [...RESTORE, '--yes', '--no-pre-restore-backup']);
    expect(none).toMatchObject({ status: 0, stderr: '' });
    expect(none.stdout).toContain('"pre_restore_backup": null');
    expect(readdirSync(desk).sort()).toEqual(['b.db', 'na.db', 'p.db']);
  });

  test('to where nothing is', async () => {
    const desk = await backedUp();
    renameSync(join(desk, 'na.db'), join(desk, 'away.db'));
    const { status, stdout } = await managed(desk, [...RESTORE, '--yes']);
    expect(status).toBe(0);
    expect(stdout).toContain('"pre_restore_backup": null');
    expect(readdirSync(desk).sort()).toEqual(['away.db', 'b.db', 'na.db']);
  });

  test('over a damaged one: its files are kept as they are, which is said', async () => {
    const desk = await backedUp();
    writeFileSync(join(desk, 'na.db'), 'no database any more');
    const { status, stderr } = await managed(desk, [...RESTORE, '--yes', '--pre-restore-backup', 'p.db']);
    expect(status).toBe(0);
    expect(stderr).toContain('no sound database: its files were kept as they are');
    expect(readFileSync(join(desk, 'p.db'), 'utf8')).toBe('no database any more');
    expect(eventsOf(desk, 'na.db')).toBe(12);
  });
});

describe('audit-export', () => {
  const EXPORT = ['audit-export', '--db-path', 'na.db', '--output'];

  test.each([
    ['audit.jsonl', [], 12],
    ['audit.json', ['--format', 'json'], 12],
    ['audit-treaty.jsonl', ['--event-type', 'recognition_treaty_issued'], 3],
  ])('%s, byte for byte, to a file and to stdout', async (name, flags, events) => {
    const desk = newDesk();
    const { status, stdout, stderr } = await managed(desk, [...EXPORT, 'new/out', ...flags]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readFileSync(join(desk, 'new/out'), 'utf8')).toBe(fixture(name));
    const format = name.endsWith('.json') ? 'json' : 'jsonl';
    expect(stdout).toBe(
      `{\n  "db_path": "na.db",\n  "output": "new/out",\n  "format": "${format}",\n  "event_count": ${events}\n}\n`,
    );
    expect(await managed(desk, [...EXPORT, '-', ...flags])).toMatchObject({
      status: 0,
      stdout: fixture(name),
      stderr: '',
    });
  });

  test('to stdout with --json: the events there, the record on stderr', async () => {
    const { stdout, stderr } = await managed(newDesk(), [...EXPORT, '-', '--json']);
    expect(stdout).toBe(fixture('audit.jsonl'));
    expect(recordsOf(stderr)).toEqual([
      { type: 'summary', exitStatus: 0, db_path: 'na.db', output: '-', format: 'jsonl', event_count: 12 },
    ]);
  });

  test('several types, and a window', async () => {
    const desk = newDesk();
    const types = ['--event-type', 'node_joined', '--event-type', 'recognition_treaty_issued'];
    const both = await managed(desk, [...EXPORT, '-', ...types]);
    expect(new Set(recordsOf(both.stdout).map(({ event_type }) => event_type))).toEqual(
      new Set(['node_joined', 'recognition_treaty_issued']),
    );
    expect(recordsOf(both.stdout)).toHaveLength(6);
    const window = ['--since', '2026-11-21T00:14:15.875080Z', '--until', '2026-11-21T00:14:15.875882Z'];
    const some = await managed(desk, [...EXPORT, '-', ...window]);
    expect(some.stdout).toBe(fixture('audit.jsonl').split('\n').slice(4, 7).join('\n') + '\n');
    const [since, from, until, to] = window;
    expect(await failureOf(desk, [...EXPORT, '-', since!, to!, until!, from!])).toMatchObject({
      code: 'USAGE',
    });
  });

  test('a time that cannot be read: what is left out is said, and the status is 3', async () => {
    const desk = newDesk();
    const db = new Sqlite(join(desk, 'na.db'));
    addEvents(db, [{ id: 'when', at: 'yesterday' }]);
    db.close();
    const { status, stderr } = await managed(desk, [...EXPORT, '-', '--since', '2026-01-01T00:00:00Z']);
    expect(status).toBe(3);
    expect(stderr).toMatch(/1 event is not written: .*the first is when/);
    expect((await managed(desk, [...EXPORT, '-'])).status).toBe(0);
  });

  test('a reader that goes away is no error', async () => {
    const desk = newDesk();
    const bin = new URL('../../bin/mesh-backup.js', import.meta.url).pathname;
    const db = new Sqlite(join(desk, 'na.db'));
    const many = Array.from({ length: 3000 }, (_, at) => ({
      id: `more-${at}`,
      at: '2026-11-22T00:00:00+00:00',
      details: { pad: 'x'.repeat(200) },
    }));
    addEvents(db, many);
    db.close();
    const script =
      '{ "$0" "$1" managed audit-export --db-path na.db --output -; echo "status $?" >&2; } | head -1';
    const { stdout, stderr } = await run('sh', ['-c', script, process.execPath, bin], {
      isScript: false,
      cwd: desk,
    });
    expect(stdout).toBe(`${fixture('audit.jsonl').split('\n')[0]}\n`);
    expect(stderr).toBe('status 141\n');
  });

  test('over the database itself: never', async () => {
    const desk = newDesk();
    const before = hashOf(join(desk, 'na.db'));
    expect(await failureOf(desk, [...EXPORT, './na.db'])).toMatchObject({ code: 'USAGE' });
    expect(hashOf(join(desk, 'na.db'))).toBe(before);
  });
});

test.each([
  [['backup', '--output', 'b.db'], 'Which database? Name it with --db-path.'],
  [['backup', '--db-path', 'na.db'], 'A backup where? Name it with --output.'],
  [['backup', '--db-path', '', '--output', 'b.db'], 'Which database? Name it with --db-path.'],
  [['restore', '--db-path', 'na.db', '--yes'], 'Restore what? Name it with --backup.'],
  [['audit-export', '--db-path', 'na.db'], 'Write them where? Name it with --output.'],
  [
    ['audit-export', '--db-path', 'na.db', '--output', 'o', '--format', 'csv'],
    "error: option '--format <format>' argument 'csv' is invalid.",
  ],
  [['incident', '--db-path', 'na.db'], 'Gather it where? Name it with --output.'],
  [
    ['incident', '--db-path', 'na.db', '--output', 'o', '--runbook', 'panic'],
    "option '--runbook <name>' argument 'panic' is invalid.",
  ],
  [['drill', '--db-path', 'na.db'], 'Write it down where? Name it with --output.'],
  [['drill', '--db-path', 'na.db', '--output', 'o', '--start', 'x'], '--start and --url go together'],
  [['drill', '--db-path', 'na.db', '--output', 'o', '--url', 'http://x'], '--start and --url go together'],
  [
    ['drill', '--db-path', 'na.db', '--output', 'o', '--expect', 'x'],
    '--expect is what the server of --start must tell',
  ],
  [['check'], "missing required argument 'url'"],
  [['check', 'localhost:8443'], 'Did you mean http://localhost:8443'],
  [['verify'], "missing required argument 'dir'"],
  [['backup', '--db-path', 'na.db', '--output', 'b.db', 'more'], 'too many arguments'],
  [['backup', '--db-path', 'na.db', '--output', 'b.db', '--busy-timeout', 'soon'], '--busy-timeout'],
  [['backup', '--dbpath', 'na.db'], "unknown option '--dbpath'"],
  [['bakcup'], "unknown command 'bakcup'"],
] as const)('managed %j makes no sense, and makes nothing', async (args, message) => {
  const desk = newDesk();
  const { status, stdout, stderr } = await managed(desk, args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message.replace(/^error: /, ''));
  expect(readdirSync(desk)).toEqual(['na.db']);
});

test('a backup that cannot be made leaves no new folder either', async () => {
  const desk = newDesk();
  mkdirSync(join(desk, 'empty'));
  for (const verb of ['backup', 'audit-export']) {
    expect(await failureOf(desk, [verb, '--db-path', 'nowhere.db', '--output', 'new/out'])).toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  }
  expect(existsSync(join(desk, 'new'))).toBe(false);
});
