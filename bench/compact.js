/**
 * Whole compactions of a shuffled backup against GNU `sort -u` of the same file, with the same memory and two threads:
 * `npm run bench`, or after a build `node bench/compact.js [--rounds N] [--verbose] [ROW ...]`. `sort` compares lines as
 * bytes and knows nothing of events; ours scans each, proves it and chooses copies.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { alternate, medianOf, ratioText } from './compare.js';
import { runMeasured } from './measured-process.js';
import { mib, say } from './say.js';

const ROWS = [
  { name: '200k', histories: 2, rounds: 5 },
  { name: '2m', histories: 20, rounds: 3 },
];
const HISTORY_EVENTS = 100_000;
const MEMORY_MIB = 256;
const CLI = new URL('../bin/mesh-backup.js', import.meta.url);
const MAKE_SHUFFLED = fileURLToPath(new URL('make-shuffled.js', import.meta.url));

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, verbose: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', no ')}`);

const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-bench-'));
try {
  for (const row of ROWS) if (positionals.length === 0 || positionals.includes(row.name)) await runRow(row);
} finally {
  rmSync(folder, { recursive: true });
}

async function runRow({ name, histories, rounds }) {
  const shuffled = join(folder, 'shuffled.jsonl');
  execFileSync(process.execPath, [MAKE_SHUFFLED, shuffled, String(histories)]);
  await sort(shuffled); // the file is in the page cache for both
  const pairs = await alternate(
    () => observed(name, 'compact', () => compact(shuffled, histories)),
    () => observed(name, 'sort', () => sort(shuffled)),
    Number(flags.rounds ?? rounds),
  );
  const events = (histories * HISTORY_EVENTS).toLocaleString('en');
  const title = `compaction of ${events} shuffled events / sort -u`;
  say(`${name}: ${title}: ${ratioText(pairs, ({ wallMs }) => wallMs)}; target 2.5, dream 1.5`);
  say(`${name}: peak memory ${mib(medianOf(pairs.map(([{ peakMib }]) => peakMib)))}; target 400 MiB`);
}

async function compact(shuffled, histories) {
  const out = join(folder, 'compact.jsonl');
  const args = ['compact', shuffled, '-o', out, '--memory', `${MEMORY_MIB}MiB`, '--json'];
  const run = await runMeasured(CLI, args, { stdout: 'pipe' });
  const { lines, output } = JSON.parse(run.out.trimEnd().split('\n').at(-1));
  const { size } = statSync(out);
  if (
    lines.written !== histories * HISTORY_EVENTS ||
    size !== statSync(shuffled).size ||
    size !== output.bytes
  ) {
    throw new Error(`not all is there: ${JSON.stringify(lines)}, ${size} bytes`);
  }
  rmSync(out);
  return run;
}

async function sort(shuffled) {
  const out = join(folder, 'sort.jsonl');
  const args = ['-u', '-S', `${MEMORY_MIB}M`, '--parallel=2', '-T', folder, '-o', out, shuffled];
  const startedMs = performance.now();
  const child = spawn('sort', args, {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status] = await once(child, 'exit');
  const wallMs = performance.now() - startedMs;
  if (status !== 0 || statSync(out).size !== statSync(shuffled).size)
    throw new Error(`sort ended with ${status}`);
  rmSync(out);
  return { wallMs };
}

async function observed(rowName, kind, run) {
  const result = await run();
  const { wallMs, cpuMs, peakMib } = result;
  const more = cpuMs === undefined ? '' : `, CPU ${cpuMs.toFixed(0)} ms, peak ${mib(peakMib)}`;
  if (flags.verbose) say(`  ${rowName} ${kind}: ${wallMs.toFixed(0)} ms${more}`);
  return result;
}
