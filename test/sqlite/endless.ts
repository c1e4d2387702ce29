import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';

/** A query for numbers. */
export const rows = (count: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i FROM n`;

/** Adds an index that is made at once and takes minutes to check. */
export function makeEndless(path: string): void {
  const db = new Sqlite(path);
  db.exec('CREATE TABLE bomb(x); CREATE INDEX slow ON bomb(length(x))');
  db.exec(`INSERT INTO bomb ${rows(200)}`);
  db.unsafeMode();
  db.pragma('writable_schema = ON');
  const slow = "length(printf(''%.*c'', 900000000, x))";
  db.exec(`UPDATE sqlite_schema SET sql = 'CREATE INDEX slow ON bomb(${slow})' WHERE name = 'slow'`);
  db.close();
}

/** The first process that another one has started, once there is one. */
export async function childOf(pid: number): Promise<number> {
  for (;;) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    if (children !== '') return Number.parseInt(children, 10);
    await wait(5);
  }
}

/** Resolves when a process is gone, or is only waited for. */
export async function goneOf(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (stat === '' || / [ZX] /.test(stat)) return;
    await wait(5);
  }
}
