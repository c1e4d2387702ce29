/**
 * What runs in the process that checks a database, as text: Node runs it from the sources as from what is built.
 * Arguments: the path of better-sqlite3, of the database, how many findings to tell, how many characters of each.
 * Says a `CheckReport` on one line. It ends when its stdin does, which is when whoever waits for it ends, also by SIGKILL:
 * the check is native code that hears of nothing, so a thread of its own waits for that. SIGINT and SIGTERM, which a
 * terminal or a service manager sends to all of us, are for whoever waits to act on.
 */
export const CHECK_SCRIPT = String.raw`
'use strict';
const { writeSync } = require('node:fs');
const { Worker } = require('node:worker_threads');
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
new Worker(
  "try { require('node:fs').readSync(0, Buffer.alloc(1)); } finally { process.kill(process.pid, 'SIGKILL'); }",
  { eval: true },
);
const [, modulePath, path, most, length] = process.argv;
const short = (value) => String(value).slice(0, Number(length));

function check() {
  const db = new (require(modulePath))(path, { fileMustExist: true, timeout: 0 });
  try {
    for (const pragma of ['trusted_schema = OFF', 'cell_size_check = ON', 'query_only = ON']) db.pragma(pragma);
    db.pragma('ignore_check_constraints = ON');
    const rows = db.pragma('integrity_check(' + Number(most) + ')');
    const integrity = rows.map((row) => short(row.integrity_check));
    if (integrity.length !== 1 || integrity[0] !== 'ok') return { integrity, orphans: [] };
    const orphans = [];
    try {
      for (const { table, parent } of db.prepare('PRAGMA foreign_key_check').iterate()) {
        orphans.push({ table: short(table), parent: short(parent) });
        if (orphans.length === Number(most)) break;
      }
    } catch (error) {
      if (error.code !== 'SQLITE_ERROR') throw error;
      orphans.push('uncheckable');
    }
    return { integrity, orphans };
  } finally {
    db.close();
  }
}

let report;
try {
  report = check();
} catch (error) {
  report = { failure: short(error.code ?? error.message) };
}
writeSync(1, JSON.stringify(report) + '\n');
`;
