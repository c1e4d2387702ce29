import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { newNode } from '../drill/node-database.ts';
import { answering, WELL } from '../managed/answering.ts';
import { failureOf, hashOf, managed, newDesk } from './managing.ts';

/** A process that is gone, as a lock of ours names it. */
function deadLock(): string {
  const { pid } = spawnSync('true');
  return JSON.stringify({
    version: 1,
    pid,
    host: hostname(),
    started: 'long ago',
    taken: new Date(0).toISOString(),
  });
}

test('restore does not replace what belongs to another system', async () => {
  const desk = newDesk();
  const node = newNode();
  copyFileSync(node, join(desk, 'node.db'));
  const before = hashOf(join(desk, 'node.db'));
  const args = ['restore', '--db-path', 'node.db', '--backup', 'na.db', '--yes', '--no-pre-restore-backup'];
  expect(await failureOf(desk, args)).toMatchObject({ code: 'DATABASE_SYSTEM', exitStatus: 2 });
  expect(hashOf(join(desk, 'node.db'))).toBe(before);
});

test('restore --dry-run tells what would be refused, and changes nothing', async () => {
  const desk = newDesk();
  copyFileSync(join(desk, 'na.db'), join(desk, 'b.db'));
  const before = [readdirSync(desk), hashOf(join(desk, 'na.db'))];
  const args = ['restore', '--db-path', 'na.db', '--backup', 'b.db', '--dry-run'];
  expect(await managed(desk, args)).toMatchObject({ status: 0, stdout: '' });
  writeFileSync(join(desk, 'text'), 'no database at all, but long enough to be one'.repeat(100));
  expect(await failureOf(desk, args.with(4, 'text'))).toMatchObject({ code: 'DATABASE_FORMAT' });
  expect([readdirSync(desk).filter((name) => name !== 'text'), hashOf(join(desk, 'na.db'))]).toEqual(before);
});

test('an export does not go over what SQLite keeps beside the database', async () => {
  const desk = newDesk();
  const db = new Sqlite(join(desk, 'na.db'));
  onTestFinished(() => {
    db.close();
  });
  db.pragma('journal_mode = wal');
  db.exec('CREATE TABLE held (id)');
  for (const ending of ['-wal', '-shm', '-journal']) {
    const args = ['audit-export', '--db-path', 'na.db', '--output', `na.db${ending}`];
    expect(await failureOf(desk, args)).toMatchObject({ code: 'USAGE' });
  }
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
});

test('what a killed run left of a folder is taken away by the next', async () => {
  const desk = newDesk();
  mkdirSync(join(desk, 'inc.part'));
  writeFileSync(join(desk, 'inc.part/audit.jsonl'), 'half');
  const args = ['incident', '--db-path', 'na.db', '--output', 'inc'];
  // Without a lock it may be anybody's.
  expect(await failureOf(desk, args)).toMatchObject({ code: 'FILE_EXISTS' });
  writeFileSync(join(desk, 'inc.lock'), deadLock());
  expect(await managed(desk, args)).toMatchObject({ status: 0 });
  expect(readdirSync(desk).sort()).toEqual(['inc', 'na.db']);
});

test('a scratch folder that a killed drill left is taken away by the next; one that is in use is not', async () => {
  const desk = newDesk();
  const tmp = join(desk, 'tmp');
  for (const name of ['mesh-backup-drill-dead', 'mesh-backup-drill-other']) {
    mkdirSync(join(tmp, name), { recursive: true });
    writeFileSync(join(tmp, name, 'scratch.db'), 'secrets');
  }
  writeFileSync(join(tmp, 'mesh-backup-drill-dead.lock'), deadLock());
  const env = { TMPDIR: tmp };
  const drilled = await managed(desk, ['drill', '--db-path', 'na.db', '--output', 'drill'], env);
  expect(drilled).toMatchObject({ status: 0 });
  expect(readdirSync(tmp)).toEqual(['mesh-backup-drill-other']);
});

test('check --save leaves no answer of an earlier day beside what is no JSON today, and all where nobody answers', async () => {
  const desk = newDesk();
  mkdirSync(join(desk, 'saved'));
  writeFileSync(join(desk, 'saved/nodes.json'), '["of yesterday"]');
  await managed(desk, ['check', 'http://127.0.0.1:9', '--save', 'saved']);
  expect(readdirSync(join(desk, 'saved'))).toEqual(['nodes.json']);
  const { url } = await answering({ ...WELL, '/nodes': '<html>' });
  await managed(desk, ['check', url, '--save', 'saved']);
  const now = ['connectome.json', 'crl.json', 'healthz.json', 'nodes.txt', 'policy.json', 'readyz.json'];
  expect(readdirSync(join(desk, 'saved')).sort()).toEqual(now);
});

test('rows that refer to nothing: refused, and taken where somebody says so', async () => {
  const desk = newDesk();
  const db = new Sqlite(join(desk, 'na.db'));
  db.pragma('foreign_keys = off');
  db.exec('CREATE TABLE child (id REFERENCES audit_events (event_id)); INSERT INTO child VALUES (7)');
  db.close();
  const backup = ['backup', '--db-path', 'na.db', '--output', 'b.db'];
  expect(await failureOf(desk, backup)).toMatchObject({ code: 'DATABASE_DAMAGED' });
  expect(await managed(desk, [...backup, '--allow-orphans'])).toMatchObject({ status: 0 });
  const restore = ['restore', '--db-path', 'na.db', '--backup', 'b.db', '--yes'];
  expect(await failureOf(desk, restore)).toMatchObject({ code: 'DATABASE_DAMAGED' });
  const { status, stderr } = await managed(desk, [...restore, '--allow-orphans']);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).toContain('a row of child refers to a row of audit_events');
});
