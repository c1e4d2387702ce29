/**
 * Peak memory of whole dumps, against sandbox meshes in processes of their own: `npm run bench:memory`.
 * It takes some minutes and 3 GiB for the sandbox; the dump itself should stay below 200 MiB.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CASES = [
  { naras: 1000, events: 1000 },
  { naras: 1, events: 1_000_000 },
];
const SCRIPT = new URL('../bin/mesh-backup.js', import.meta.url).pathname;
/** Prints the peak of the process that imports it when that process ends. */
const REPORT_PEAK =
  'data:text/javascript,process.on("exit",()=>process.stderr.write(JSON.stringify({type:"peak",kib:process.resourceUsage().maxRSS})+"\\n"))';

for (const { naras, events } of CASES) {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-bench-'));
  const peers = join(folder, 'peers');
  const mesh = spawn(process.execPath, [
    '--max-old-space-size=8000',
    SCRIPT,
    'sandbox',
    '--json',
    ...['--naras', naras, '--events', events, '--write-peers', peers].map(String),
  ]);
  const records = [];
  await readRecords(mesh.stdout, (record) => records.push(record) === naras);
  const { soul } = records.find(({ name }) => name === 'alice');
  const dump = spawn(
    process.execPath,
    ['--import', REPORT_PEAK, SCRIPT, 'dump-events', '-name', 'alice', '--peers', peers, '--json'],
    {
      env: { ...process.env, NARA_SOUL: soul },
      stdio: ['ignore', openSync(join(folder, 'out'), 'w'), 'pipe'],
    },
  );
  let summary;
  let peak;
  await readRecords(dump.stderr, (record) => {
    if (record.type === 'summary') summary = record;
    if (record.type === 'peak') peak = record;
    return false;
  });
  mesh.kill('SIGINT');
  const { events: counts, exitStatus, elapsedMs } = summary;
  process.stdout.write(
    `${naras} peers × ${events} events: peak ${(peak.kib / 1024).toFixed(0)} MiB, ` +
      `${(elapsedMs / 1000).toFixed(1)} s, ${counts.read} read, ${counts.written} written, status ${exitStatus}\n`,
  );
}

/** Reads NDJSON until the callback says that it is enough, or to the end. */
async function readRecords(stream, isEnough) {
  let rest = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const text of lines) if (isEnough(JSON.parse(text))) return;
  }
}
