import { once } from 'node:events';
import { copyFileSync, readdirSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { Prng } from '../../src/sandbox/prng.ts';
import { startModule } from '../jsonl/node-child.ts';
import { newAuthority } from '../managed/authority.ts';
import { managed } from './managing.ts';
import { start, whenFinished } from './spawn.ts';

/** Each change adds an event and counts it, so that both are the same in a whole copy. */
const WRITER = `import Sqlite from 'better-sqlite3';
  const db = new Sqlite(process.argv[1], { timeout: 60_000 });
  const add = db.prepare("INSERT INTO audit_events VALUES (?, '{}', '2026-11-21T00:00:00+00:00')");
  const count = db.prepare('UPDATE schema_version SET version = version + 1');
  const change = db.transaction((id) => { add.run(id); count.run(); });
  let id = 0;
  const next = () => { for (let i = 0; i < 20; i++) change('w' + id++); setImmediate(next); };
  process.stdin.on('data', () => process.exit());
  next();
  console.log('at work');`;

interface Counts {
  readonly version: number;
  readonly events: number;
  readonly said: string | null;
}

/** Of a whole database, as a new process would see it. Throws for one that is not. */
function countsOf(path: string): Counts {
  const db = new Sqlite(path, { fileMustExist: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const sql = `SELECT (SELECT version FROM schema_version) AS version, count(*) AS events, max(applied) AS said
      FROM audit_events LEFT JOIN (SELECT applied_at AS applied FROM schema_version)`;
    return db.prepare<[], Counts>(sql).get()!;
  } finally {
    db.close();
  }
}

/** An authority of some megabytes, which says what it is. */
function largeAuthority(said: string, events: number): string {
  const path = newAuthority([]);
  const db = new Sqlite(path);
  const add = db.prepare("INSERT INTO audit_events VALUES (?, json_object('pad', hex(randomblob(1000))), ?)");
  db.transaction(() => {
    for (let id = 0; id < events; id++) add.run(`e${id}`, '2026-11-20T00:00:00+00:00');
    db.prepare('INSERT INTO schema_version VALUES (?, ?)').run(events, said);
  })();
  db.close();
  return path;
}

test('a writer that never rests: the backup is of one moment, and neither waits for the other for good', async () => {
  const path = largeAuthority('busy', 4000);
  const writer = startModule(WRITER, { args: [path] });
  onTestFinished(() => {
    writer.kill('SIGKILL');
  });
  await once(writer.stdout!, 'data');
  const seen: number[] = [];
  for (let round = 0; round < 3; round++) {
    const finished = await managed(dirname(path), ['backup', '--db-path', 'na.db', '--output', 'b.db']);
    expect(finished).toMatchObject({ status: 0, stderr: '' });
    const { version, events } = countsOf(join(dirname(path), 'b.db'));
    expect(events).toBe(version);
    seen.push(events);
    expect(
      (await managed(dirname(path), ['audit-export', '--db-path', 'na.db', '--output', 'a'])).status,
    ).toBe(0);
  }
  expect(seen[0]).toBeGreaterThan(4000);
  expect(seen[2]).toBeGreaterThan(seen[0]!);
  writer.stdin!.end('stop');
  await once(writer, 'close');
  const last = countsOf(path);
  expect(last.events).toBe(last.version);
});

const RESTORE = ['managed', 'restore', '--db-path', 'na.db', '--backup', 'b.db', '--yes'];

test('kill -9 during restore: the database is the one or the other, whole, and a second run works', async () => {
  const [oldPath, newPath] = [largeAuthority('old', 4000), largeAuthority('new', 6000)];
  const random = new Prng('kill managed restore');
  const ends = new Set<string>();
  for (const changes of [0, 1, 2, 4, ...Array.from({ length: 8 }, () => random.integer(3, 40))]) {
    const folder = dirname(newAuthority([]));
    const desk = (name: string): string => join(folder, name);
    copyFileSync(oldPath, desk('na.db'));
    copyFileSync(newPath, desk('b.db'));
    let left = changes;
    const child = start('bin/mesh-backup.js', [...RESTORE, '--pre-restore-backup', 'p.db'], { cwd: folder });
    const watcher = watch(folder, { recursive: true }, () => {
      if (left-- === 0) child.kill('SIGKILL');
    });
    const { status, signal } = await whenFinished(child);
    watcher.close();
    ends.add(signal ?? String(status));
    const OLD = { version: 4000, events: 4000, said: 'old' };
    const NEW = { version: 6000, events: 6000, said: 'new' };
    expect([OLD, NEW]).toContainEqual(countsOf(desk('na.db')));
    if (readdirSync(folder).includes('p.db')) expect(countsOf(desk('p.db'))).toEqual(OLD);
    expect(await managed(folder, [...RESTORE.slice(1)])).toMatchObject({ status: 0 });
    expect(countsOf(desk('na.db'))).toEqual(NEW);
    expect(readdirSync(folder).filter((name) => /^na\.db-|^\./.test(name))).toEqual([]);
  }
  expect([...ends].sort().at(-1)).toBe('SIGKILL');
});
