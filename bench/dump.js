/**
 * Whole dumps against merely fetching the same, and against other dumps: `npm run bench`, or after a build
 * `node bench/dump.js [--rounds N] [--sink null|file|option] [--verbose] [ROW ...]`.
 * Rows are those of rows.js, all of them unless some are named. `--sink` is where the dumps' events go: nowhere, to
 * stdout that is a file, or to the file of `-o`; several, with commas, run each row once for each. Times are of whole
 * processes from start to end; `inside` leaves out what Node and our modules take to start.
 * `--verbose` shows each round, and the CPU time of the peers, which must not be what the others wait for.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { alternate } from './compare.js';
import { Peers } from './peers.js';
import { ROWS } from './rows.js';
import { prepareDump, prepareFetch, SINKS } from './runs.js';
import { mib, Peaks, say, sayTimes } from './say.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    sink: { type: 'string', default: 'null' },
    verbose: { type: 'boolean', default: false },
  },
});
const sinks = flags.sink.split(',');
const unknown = [
  ...positionals.filter((name) => !ROWS.some((row) => row.name === name)),
  ...sinks.filter((name) => !(name in SINKS)),
];
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', no ')}`);

const peaks = new Peaks();
const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-bench-'));
try {
  for (const row of ROWS) {
    if (positionals.length > 0 && !positionals.includes(row.name)) continue;
    for (const sink of sinks) await runRow(row, sink);
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function runRow(row, sink) {
  const { name, title, meshes, a, b, rounds = 5, target } = row;
  const peers = await Peers.start(meshes);
  try {
    const runA = await prepare(peers, a, sink);
    const runB = await prepare(peers, b, sink);
    const pairs = await alternate(
      () => observed(name, a, runA, peers),
      () => observed(name, b, runB, peers),
      Number(flags.rounds ?? rounds),
    );
    const label = sink === 'null' ? name : `${name} (${sink})`;
    sayTimes(label, title, pairs, target);
    // The table has a mark for dumps against bare fetches alone, and asks that ten times the events take no more.
    peaks.say(label, pairs, row, b[0] === 'fetch' ? '; target + 60, dream + 40' : '');
  } finally {
    peers.close();
  }
}

/** A run of that kind over that mesh, after a first one that had the peers prepare their answers. */
async function prepare(peers, [kind, meshName], sink) {
  const mesh = peers.mesh(meshName);
  const dump = prepareDump(peers, mesh, sink, folder);
  await peers.report();
  await dump();
  const asked = await peers.report();
  if (kind === 'dump') return dump;
  const fetch = prepareFetch(mesh, asked, folder);
  await fetch();
  return fetch;
}

async function observed(rowName, [kind, meshName], run, peers) {
  const before = await peers.report();
  const result = await run();
  const after = await peers.report();
  if (flags.verbose) {
    const { wallMs, elapsedMs, cpuMs, peakMib } = result;
    const figures = [wallMs, elapsedMs, cpuMs, after.cpuMs - before.cpuMs].map((ms) => `${ms.toFixed(0)} ms`);
    say(
      `  ${rowName} ${kind} ${meshName}: ${figures[0]}, inside ${figures[1]}, CPU ${figures[2]}, ` +
        `peak ${mib(peakMib)}; peers' CPU ${figures[3]}, ${after.requests.length} requests, ` +
        `${after.prepared - before.prepared} answers prepared`,
    );
  }
  return result;
}
