/**
 * `mesh-backup verify` against bare work on the same lines: `node bench/verify.js [--rounds N] [--verbose] [ROW ...]`
 * after a build. Times are of the job inside its process (`inside`) and of whole processes; the bare work is one thread
 * in a process of its own, timed inside. `npm run bench` runs it, too.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeEvent } from '../dist/sandbox/event-maker.js';
import { Prng } from '../dist/sandbox/prng.js';
import { makeIdentity } from '../dist/sandbox/sandbox-identity.js';
import { alternate, medianOf, ratioText } from './compare.js';
import { runMeasured } from './measured-process.js';
import { mib, say } from './say.js';

const CLI = new URL('../bin/mesh-backup.js', import.meta.url);
const BARE = new URL('bare-verify.js', import.meta.url);
const CORES = availableParallelism();
const ROWS = [
  {
    name: 'signatures',
    title: `verify of 100,000 signed events / crypto.verify of the same signatures on one thread / ${CORES} cores`,
    events: 100_000,
    flags: [],
    bare: 'signatures',
    share: CORES,
    rounds: 5,
    target: 1.15,
  },
  {
    name: 'ids',
    title: 'verify --no-signatures of 1,000,000 events / JSON.parse of each line',
    events: 1_000_000,
    flags: ['--no-signatures'],
    bare: 'parse',
    share: 1,
    rounds: 5,
    target: 1.3,
  },
];

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, verbose: { type: 'boolean', default: false } },
});
const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-bench-'));
try {
  for (const row of ROWS) if (positionals.length === 0 || positionals.includes(row.name)) await runRow(row);
} finally {
  rmSync(folder, { recursive: true });
}

async function runRow(row) {
  const { name, title, events, share, rounds, target } = row;
  const backup = join(folder, `${name}.jsonl`);
  makeBackup(backup, events);
  const pairs = await alternate(
    () => verify(row, backup),
    () => bare(row, backup),
    Number(flags.rounds ?? rounds),
  );
  const inside = ratioText(pairs, ({ elapsedMs, part = 1 }) => elapsedMs / part);
  const whole = ratioText(pairs, ({ wallMs, elapsedMs, part = 0 }) =>
    part === 0 ? wallMs : elapsedMs / part,
  );
  const peak = medianOf(pairs.map(([a]) => a.peakMib));
  say(`${name}: ${title}: inside ${inside}, whole process ${whole}; peak ${mib(peak)}; target ${target}`);

  async function verify({ flags: rowFlags }, path) {
    const run = await runMeasured(CLI, ['verify', '--json', ...rowFlags, path], { stdout: 'pipe' });
    const summary = JSON.parse(run.out.trimEnd().split('\n').at(-1));
    const { signed = 0, unchecked = 0 } = summary.verdicts;
    if (signed + unchecked !== events) throw new Error(`not all verified: ${run.out.slice(-500)}`);
    tell('verify', run, summary.elapsedMs);
    return { ...run, elapsedMs: summary.elapsedMs };
  }

  async function bare({ bare: kind }, path) {
    const run = await runMeasured(BARE, [kind, path], { stdout: 'pipe' });
    const { elapsedMs, count } = JSON.parse(run.out);
    if (count !== events) throw new Error(`${count} of ${events}`);
    tell(kind, run, elapsedMs);
    return { ...run, elapsedMs, part: share };
  }

  function tell(kind, { wallMs, cpuMs, peakMib }, elapsedMs) {
    if (!flags.verbose) return;
    const times = [wallMs, elapsedMs, cpuMs].map((ms) => `${ms.toFixed(0)} ms`);
    say(`  ${name} ${kind}: ${times[0]}, inside ${times[1]}, CPU ${times[2]}, peak ${mib(peakMib)}`);
  }
}

/** Every event is signed, and its signer's greeting is among them. */
function makeBackup(path, events) {
  const prng = new Prng('bench verify');
  const cast = Array.from({ length: 20 }, (_, at) => makeIdentity(`nara-${at + 1}`, prng));
  const fd = openSync(path, 'w');
  for (let at = 0; at < events; at += 1000) {
    const lines = Array.from({ length: 1000 }, (_, index) => eventOf(cast, at + index).line);
    writeSync(fd, `${lines.join('\n')}\n`);
  }
  closeSync(fd);
}

function eventOf(cast, number) {
  const signer = cast[number % cast.length];
  const other = cast[(number + 7) % cast.length];
  const tsNs = 1_767_225_600_000_000_000n + BigInt(number) * 1_000_000_000n;
  const svc = number < cast.length ? 'hey-there' : number % 2 === 0 ? 'ping' : 'observation';
  return makeEvent({
    tsNs,
    svc,
    payload: payloadOf(svc, signer, other, number),
    signer,
    withEmitterId: true,
  });
}

function payloadOf(svc, signer, other, number) {
  if (svc === 'hey-there') {
    const { name: From, publicKey: PublicKey, naraId: ID } = signer;
    return { From, PublicKey, MeshIP: '', ID, Signature: '' };
  }
  const [observer, observer_id] = [signer.name, signer.naraId];
  if (svc === 'ping') {
    return { observer, observer_id, target: other.name, target_id: other.naraId, rtt: (number % 8000) / 40 };
  }
  const subject = { subject: other.name, subject_id: other.naraId };
  const what = { type: 'status-change', importance: 2, online_state: 'ONLINE', observer_uptime: number };
  return { observer, observer_id, ...subject, ...what };
}
