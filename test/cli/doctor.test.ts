import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DoctorReport } from '../../src/cli/doctor-report.ts';
import { Output } from '../../src/cli/output.ts';
import { withMesh } from '../dump/dump-mesh.ts';
import { flagsFor, namesIn } from './backup-mesh.ts';
import { alice } from '../sync/walking.ts';
import { run } from './spawn.ts';
import { Sink } from './streams.ts';

const SCRIPT = 'bin/mesh-backup.js';

interface Record {
  readonly type: string;
  readonly what?: string;
  readonly state?: string;
}

const recordsOf = (stdout: string): Record[] =>
  stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Record);

test('all is well: 0, a line each, and nothing is left behind', async () => {
  await withMesh({ door: 'web' }, async (mesh) => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
    const env = { NARA_SOUL: mesh.requester.soul, XDG_STATE_HOME: folder, TMPDIR: folder };
    const flags = flagsFor(mesh, ['-nara-url', mesh.naras[0]!.url]);
    const { status, stdout, stderr } = await run(SCRIPT, ['doctor', ...flags], { env, cwd: folder });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toContain('❌');
    expect(stdout).toContain('✅ identity     alice, key ');
    expect(stdout).toContain('✅ peers        3 found, 3 let us in\n');
    expect(stdout).toContain("✅ target soul  it is alice's own");
    expect(stdout).not.toContain(mesh.requester.soul);
    expect(await namesIn(folder)).toEqual([]);
    const imports = mesh.naras.flatMap(({ requests }) =>
      requests.filter(({ path }) => path.includes('import')),
    );
    expect(imports).toEqual([]);
  });
});

test('what is not well: 1, with what to do', async () => {
  await withMesh({ door: 'web', faults: { bob: 'skew:60' } }, async (mesh) => {
    const env = { NARA_SOUL: mesh.requester.soul };
    const flags = flagsFor(mesh, ['-nara-url', mesh.naras[2]!.url]);
    const { status, stdout, stderr } = await run(SCRIPT, ['doctor', ...flags], { env });
    expect(status).toBe(1);
    expect(stderr).toBe('Error: 2 of 13 checks failed.\n');
    expect(stdout).toMatch(
      /^⚠️ {2}peers {8}3 found, 2 let us in\n⚠️ {2}peer bob {5}its clock is \d\d s ahead/mu,
    );
    expect(stdout).toMatch(/^❌ target soul {2}it is not carol's own: .*\n {3}→ A nara takes imports/m);
    expect(stdout).toMatch(/^❌ clocks {7}that of bob is \d\d\.\d s ahead .*\n {3}→ Set the clock of that/m);
  });
});

test('--json: a record a check, the summary last', async () => {
  await withMesh({ naras: 1 }, async (mesh) => {
    const { status, stdout } = await run(SCRIPT, ['doctor', '--peer', mesh.naras[0]!.url, '--json']);
    expect(status).toBe(1);
    const records = recordsOf(stdout);
    expect(records.map(({ what, type, state }) => `${what ?? type} ${state ?? ''}`.trim())).toEqual([
      'identity failure',
      expect.stringMatching(/^daemon (ok|skipped)$/),
      'login skipped',
      'peers ok',
      'target skipped',
      'clocks ok',
      'disk here ok',
      'disk TMPDIR ok',
      'disk state ok',
      'versions ok',
      'error',
      'summary',
    ]);
    expect(records.at(-1)).toMatchObject({ exitStatus: 1, checks: 10, failures: 1, warnings: 0 });
  });
});

test.skipIf(process.platform === 'win32')(
  'the program is asked for its version, and told no secret',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
    const program = join(folder, 'tailscaled');
    await writeFile(program, '#!/bin/sh\necho "9.8.7[$NARA_SOUL$TS_AUTHKEY]"\n');
    await chmod(program, 0o755);
    const env = { NARA_SOUL: alice.soul, TS_AUTHKEY: 'tskey' };
    const flags = ['doctor', '--peer', 'http://127.0.0.1:9', '-tailscaled', program, '-name', 'alice'];
    const { status, stdout, stderr } = await run(SCRIPT, flags, { env });
    expect(status).toBe(1);
    expect(stdout).toContain(`✅ daemon       ${program} can be started\n`);
    expect(stdout).toContain('tailscaled 9.8.7[]\n');
    expect(stdout + stderr).not.toContain(alice.soul);
  },
);

test('a command line that makes no sense is no finding: 2', async () => {
  expect((await run(SCRIPT, ['doctor', '-nara-url', 'localhost:8080'])).status).toBe(2);
  expect((await run(SCRIPT, ['doctor', '--peer', 'nonsense'])).status).toBe(2);
});

test('on a terminal long lines go on below their beginning, and what others say acts on none', async () => {
  const stdout = new Sink({ columns: 40, rows: 20 });
  const settings = { stderr: new Sink(), env: { NO_COLOR: '1' }, colour: 'auto', verbose: false } as const;
  const report = new DoctorReport(new Output({ stdout, ...settings, jsonTo: undefined }));
  await report.tell({
    what: 'peer\x1b',
    state: 'failure',
    text: 'one two three four five six\n seven',
    advice: 'do something about it that takes a while',
  });
  expect(stdout.text.split('\n')).toEqual([
    '❌ peer\\u{1b}   one two three four five',
    '                six\\n seven',
    '   → do something about it that takes a',
    '     while',
    '',
  ]);
  expect(report.end()?.code).toBe('NOT_WELL');
});
