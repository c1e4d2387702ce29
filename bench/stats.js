/**
 * Whole runs of `mesh-backup stats` against `wc -l` and then `JSON.parse` of each line, of the same file: `npm run bench`,
 * or after a build `node bench/stats.js [--rounds N] [--verbose] [ROW ...]`. Times are of whole processes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { alternate, ratioText } from './compare.js';
import { runMeasured } from './measured-process.js';
import { Peaks, say } from './say.js';

const ROWS = [
  { name: '100k', histories: 1, rounds: 9 },
  { name: '1m', histories: 10, rounds: 5, tenthOf: '100k' },
];
const HISTORY_EVENTS = 100_000;
const COMMAND = new URL('../bin/mesh-backup.js', import.meta.url);
const PARSE_LINES = new URL('parse-lines.js', import.meta.url);
const MAKE_BACKUP = fileURLToPath(new URL('make-backup.js', import.meta.url));

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, verbose: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', no ')}`);

const peaks = new Peaks();
const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-bench-'));
try {
  for (const row of ROWS) if (positionals.length === 0 || positionals.includes(row.name)) await runRow(row);
} finally {
  rmSync(folder, { recursive: true });
}

async function runRow(row) {
  const { name, histories, rounds } = row;
  const backup = join(folder, 'backup.jsonl');
  execFileSync(process.execPath, [MAKE_BACKUP, backup, String(histories)]);
  const events = histories * HISTORY_EVENTS;
  const pairs = await alternate(
    () => countStats(backup, events),
    () => countAndParse(backup, events),
    Number(flags.rounds ?? rounds),
  );
  if (flags.verbose) {
    for (const [a, b] of pairs)
      say(`${name}: stats ${a.wallMs.toFixed(0)} ms, wc -l + JSON.parse ${b.wallMs.toFixed(0)} ms`);
  }
  const wall = ratioText(pairs, ({ wallMs }) => wallMs);
  const cpu = ratioText(pairs, ({ cpuMs }) => cpuMs);
  const title = `stats of ${events.toLocaleString('en')} events / wc -l + JSON.parse of each line`;
  say(`stats ${name}: ${title}: ${wall}, CPU ${cpu} (without wc); target 2`);
  peaks.say(`stats ${name}`, pairs, row, '');
}

async function countStats(backup, events) {
  const run = await runMeasured(COMMAND, ['stats', '--json', backup], { stdout: 'pipe', env: {} });
  const summary = JSON.parse(run.out.trimEnd().split('\n').at(-1));
  if (summary.events !== events) throw new Error(`${summary.events} of ${events} events were counted`);
  return run;
}

async function countAndParse(backup, events) {
  const startedMs = performance.now();
  const lines = Number.parseInt(execFileSync('wc', ['-l', backup], { encoding: 'utf8' }), 10);
  const wcMs = performance.now() - startedMs;
  const run = await runMeasured(PARSE_LINES, [backup], { stdout: 'pipe', env: {} });
  if (lines !== events || Number(run.out) !== events) throw new Error(`${lines} lines, ${run.out} parsed`);
  return { ...run, wallMs: wcMs + run.wallMs };
}
