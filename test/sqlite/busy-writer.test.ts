import { once } from 'node:events';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { backUpDatabase } from '../../src/sqlite/back-up-database.ts';
import type { PagesDone } from '../../src/sqlite/copy-pages.ts';
import { startModule } from '../jsonl/node-child.ts';
import { newFolder, type JournalMode } from './databases.ts';

/** Two tables whose sums stay the same together, and a counter of what was done. Larger than two steps. */
function makeAccounts(path: string, mode: JournalMode): void {
  const db = new Sqlite(path);
  db.pragma(`journal_mode = ${mode}`);
  db.exec(`CREATE TABLE one(id INTEGER PRIMARY KEY, sum INTEGER, filler BLOB);
    CREATE TABLE other(id INTEGER PRIMARY KEY, sum INTEGER, filler BLOB);
    CREATE TABLE done(count INTEGER);
    INSERT INTO done VALUES (0);`);
  for (const table of ['one', 'other']) {
    const insert = db.prepare(`INSERT INTO ${table}(sum, filler) VALUES (100, randomblob(8000))`);
    db.transaction(() => {
      for (let row = 0; row < 2500; row++) insert.run();
    })();
  }
  db.close();
}

const WRITER = `import Sqlite from 'better-sqlite3';
  const db = new Sqlite(process.argv[1], { timeout: 60_000 });
  const take = db.prepare('UPDATE one SET sum = sum - 1, filler = randomblob(8000) WHERE id = ?');
  const give = db.prepare('UPDATE other SET sum = sum + 1, filler = randomblob(8000) WHERE id = ?');
  const count = db.prepare('UPDATE done SET count = count + 1');
  const move = db.transaction((from, to) => { take.run(from); give.run(to); count.run(); });
  const any = () => 1 + Math.floor(Math.random() * 2500);
  console.log('at work');
  process.stdin.on('data', () => process.exit());
  const next = () => { for (let i = 0; i < 5; i++) move(any(), any()); setImmediate(next); };
  next();`;

const SUM = 'SELECT (SELECT sum(sum) FROM one) + (SELECT sum(sum) FROM other)';
const read = (db: Sqlite.Database, sql: string): number => db.prepare<[], number>(sql).pluck().get()!;

test.each(['wal', 'delete'] as const)(
  'a writer in %s mode that never rests neither holds it up nor gets in',
  async (mode) => {
    const folder = await newFolder();
    const [source, target] = [join(folder, 'a.db'), join(folder, 'b.db')];
    makeAccounts(source, mode);
    const writer = startModule(WRITER, { args: [source] });
    await once(writer.stdout!, 'data');
    const watcher = new Sqlite(source, { timeout: 60_000 });
    watcher.pragma('busy_timeout = 0');
    const done = (): number => {
      for (;;) {
        try {
          return read(watcher, 'SELECT count FROM done');
        } catch (error) {
          if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
        }
      }
    };
    const before = done();
    const reports: PagesDone[] = [];
    const onProgress = (report: PagesDone): void => {
      reports.push(report);
      // In WAL mode the writer goes on: wait until it has.
      if (mode === 'wal') for (const seen = done(); done() === seen;);
    };
    await backUpDatabase(source, target, { busyTimeoutMs: 60_000, onProgress });
    // Nor is it kept from its work for good.
    for (const seen = done(); done() === seen;);
    writer.stdin!.write('stop');
    await once(writer, 'exit');
    watcher.close();

    expect(reports.length).toBeGreaterThan(3);
    expect(new Set(reports.map(({ pages }) => pages)).size).toBe(1);
    const steps = reports.map(({ pagesDone }) => pagesDone);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBe(reports[0]!.pages);
    const copy = new Sqlite(target);
    expect(read(copy, SUM)).toBe(500_000);
    expect(read(copy, 'SELECT count FROM done')).toBeGreaterThanOrEqual(before);
    copy.close();
  },
);
