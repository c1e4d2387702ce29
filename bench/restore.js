/**
 * Whole restores of a sorted backup against merely posting the same bodies: `npm run bench`, or after a build
 * `node bench/restore.js [--rounds N] [--verbose] [ROW ...]`. The nara at the other end only reads and answers. Times
 * are of whole processes from start to end; `inside` leaves out what Node and our modules take to start.
 * `--verbose` shows each round, and the CPU time of the server, which must not be what the others wait for.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Prng } from '../dist/sandbox/prng.js';
import { makeIdentity } from '../dist/sandbox/sandbox-identity.js';
import { alternate } from './compare.js';
import { ForkedServer } from './forked-server.js';
import { runMeasured } from './measured-process.js';
import { mib, Peaks, say, sayTimes } from './say.js';

const ROWS = [
  { name: '100k', histories: 1, rounds: 7 },
  { name: '1m', histories: 10, rounds: 3, tenthOf: '100k' },
];
const HISTORY_EVENTS = 100_000;
const RESTORE = new URL('../bin/restore-events.js', import.meta.url);
const BARE_POST = new URL('bare-post.js', import.meta.url);
const SERVER = new URL('import-server.js', import.meta.url);
const MAKE_BACKUP = fileURLToPath(new URL('make-backup.js', import.meta.url));
/** Nobody looks, and nearly all goes: what stays are greetings that nobody signed. */
const FLAGS = [
  '--blind',
  '--no-confirm',
  '--no-pre-restore',
  '--overfill',
  '--with-presence',
  '--include-future',
];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, verbose: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !ROWS.some((row) => row.name === name));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', no ')}`);

const { soul } = makeIdentity('alice', new Prng('restore'));
const peaks = new Peaks();
const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-bench-'));
const server = await ForkedServer.start(SERVER);
try {
  for (const row of ROWS) if (positionals.length === 0 || positionals.includes(row.name)) await runRow(row);
} finally {
  server.close();
  rmSync(folder, { recursive: true });
}

async function runRow(row) {
  const { name, histories, rounds } = row;
  const backup = join(folder, 'backup.jsonl');
  execFileSync(process.execPath, [MAKE_BACKUP, backup, String(histories)]);
  const bodies = await recordBodies(backup);
  const pairs = await alternate(
    () => observed(name, 'restore', bodies, () => restore(backup)),
    () => observed(name, 'post', bodies, () => post(bodies)),
    Number(flags.rounds ?? rounds),
  );
  const events = (histories * HISTORY_EVENTS).toLocaleString('en');
  const title = `blind restore of ${events} events / bare posting of the same bodies`;
  sayTimes(name, title, pairs, 'target 1.6');
  peaks.say(name, pairs, row, '; target + 60');
}

/** What a first restore posts: the file that it is in, and one with the lengths. */
async function recordBodies(backup) {
  const [file, lengthsFile] = ['bodies', 'lengths.json'].map((name) => join(folder, name));
  await server.ask({ recordTo: file });
  await restore(backup);
  const { bodies: lengths } = await server.ask({});
  writeFileSync(lengthsFile, JSON.stringify(lengths));
  await post({ file, lengthsFile });
  return { file, lengthsFile, bytes: sumOf(lengths) };
}

async function restore(backup) {
  const { url } = server.described;
  const args = ['-nara-url', url, ...FLAGS, '--json', backup];
  const run = await runMeasured(RESTORE, args, { stdout: 'pipe', env: { NARA_SOUL: soul } });
  const { exitStatus, input, toGo, sent, elapsedMs } = JSON.parse(run.out.trimEnd().split('\n').at(-1));
  if (exitStatus !== 0 || sent.delivered !== toGo.events || toGo.events < 0.95 * input.lines.events) {
    throw new Error(`not all went: ${JSON.stringify({ input, toGo, sent })}`);
  }
  return { ...run, elapsedMs };
}

async function post({ file, lengthsFile }) {
  const run = await runMeasured(BARE_POST, [server.described.url, file, lengthsFile], { stdout: 'pipe' });
  return { ...run, ...JSON.parse(run.out) };
}

/** A run whose bodies came, all of them: a fast wrong one is no figure. */
async function observed(rowName, kind, { bytes }, run) {
  const before = await server.ask({});
  const result = await run();
  const after = await server.ask({});
  const came = sumOf(after.bodies);
  if (came !== bytes) throw new Error(`${came} bytes of ${bytes} came`);
  if (flags.verbose) {
    const { wallMs, elapsedMs, cpuMs, peakMib } = result;
    const figures = [wallMs, elapsedMs, cpuMs, after.cpuMs - before.cpuMs].map((ms) => `${ms.toFixed(0)} ms`);
    say(
      `  ${rowName} ${kind}: ${figures[0]}, inside ${figures[1]}, CPU ${figures[2]}, peak ${mib(peakMib)}; ` +
        `server's CPU ${figures[3]}, ${after.bodies.length} bodies`,
    );
  }
  return result;
}

function sumOf(figures) {
  return figures.reduce((sum, figure) => sum + figure, 0);
}
