import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run, start, whenFinished, whenSaid } from './spawn.ts';

const SCRIPT = 'bin/mesh-backup.js';

test('demo: a dump and a restore of it, both checked, in the current folder', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
  await writeFile(join(cwd, 'demo-backup.jsonl'), 'old\n');
  const finished = await run(SCRIPT, ['demo'], { cwd });
  expect(finished).toMatchObject({ status: 0, stdout: '' });
  expect(finished.stderr).not.toContain('❌');
  expect(finished.stderr.match(/✅/g)).toHaveLength(10);
  expect(finished.stderr.split('\n').length).toBeLessThan(45);
  expect((await readFile(join(cwd, 'demo-backup.jsonl'), 'utf8')).split('\n').length).toBeGreaterThan(20_000);
});

test('sandbox: runs a mesh that can be dumped, until it is interrupted', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
  const flags = ['--naras', '3', '--events', '200', '--seed', '7', '--fault', 'bob=status:500'];
  const mesh = start(SCRIPT, ['sandbox', ...flags, '--write-peers', 'peers.txt'], { cwd });
  const ended = whenFinished(mesh);
  await whenSaid(mesh, 'Running until');
  const dumped = run(
    SCRIPT,
    ['dump-events', '-name', 'alice', '--soul-file', 'soul', '--peers', 'peers.txt'],
    { cwd },
  );
  await writeFile(join(cwd, 'soul'), 'not yet');
  expect((await dumped).status).toBe(2);
  mesh.kill('SIGINT');
  const { status, stdout, stderr } = await ended;
  expect(status).toBe(0);
  expect(stdout.split('\n')).toHaveLength(4);
  expect(stdout).toMatch(/^alice +http:\/\/127\.0\.0\.1:\d+ +\w{54,55}\nbob /);
  expect(stderr).toContain('Try: mesh-backup dump-events -name alice -soul');
});

test.each([
  [['--fault', 'bob'], 'bob'],
  [['--fault', 'nobody=lie', '--events', '10'], 'No nara is called'],
  [['--naras', '0'], 'whole number'],
])('sandbox %j is status 2', async (flags, message) => {
  const finished = await run(SCRIPT, ['sandbox', ...flags]);
  expect(finished.status).toBe(2);
  expect(finished.stderr).toContain(message);
});
