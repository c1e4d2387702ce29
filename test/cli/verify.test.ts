import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { MeshBackupError } from '../../src/errors.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { ALICE, greeting, sight, textOf } from '../archive/verifying.ts';
import { withMesh } from '../dump/dump-mesh.ts';
import { dumpEvents, newBackup, shell, text } from './backup-mesh.ts';
import { run, type Finished } from './spawn.ts';
import { Sink } from './streams.ts';

const SCRIPT = 'bin/mesh-backup.js';
const GOOD = textOf([greeting(ALICE, 0), sight('alice', 10, ALICE), sight('alice', 11)]);

function verify(cwd: string, args: readonly string[], stdin?: string): Promise<Finished> {
  return run(SCRIPT, ['verify', ...args], { cwd, ...(stdin !== undefined && { stdin }) });
}

async function makeFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

function recordsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('mesh-backup verify', () => {
  test('a table by service, and nothing on stderr where all is well; with -q nothing at all', async () => {
    const folder = await makeFolder({ 'a.jsonl': GOOD });
    const loud = await verify(folder, ['a.jsonl']);
    expect(loud).toMatchObject({ status: 0, stderr: '' });
    expect(loud.stdout).toBe(
      [
        'SERVICE    LINES  SIGNED  UNSIGNED',
        'hey-there      1       1         –',
        'seen           2       1         1',
        'all            3       2         1',
        '3 lines, 3 with an ID that fits, 3 distinct; in 0s',
        '',
      ].join('\n'),
    );
    expect(await verify(folder, ['-q', 'a.jsonl'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const verbose = await verify(folder, ['-verbose', 'a.jsonl']);
    expect(verbose.stdout).toContain(`  2 signed by alice with ${ALICE.publicKey}\n`);
  });

  test('what is bad is named, also with -q, and the status is 13', async () => {
    const folder = await makeFolder({ 'a.jsonl': GOOD.replace('mesh 11', 'mesh 12') });
    const { status, stdout, stderr } = await verify(folder, ['-q', 'a.jsonl']);
    expect({ status, stdout }).toEqual({ status: 13, stdout: '' });
    expect(stderr).toContain('⚠️  a.jsonl, line 3: misfit: the id does not fit the content\n');
    expect(stderr).toContain('Error: Not all is well: 1 misfit\n');
  });

  test('a torn last line alone is 3; --strict makes every finding bad', async () => {
    const folder = await makeFolder({ torn: GOOD.slice(0, -4), twice: GOOD + GOOD });
    expect((await verify(folder, ['torn'])).status).toBe(3);
    expect((await verify(folder, ['twice'])).status).toBe(0);
    expect((await verify(folder, ['twice', '--strict'])).status).toBe(13);
    expect((await verify(folder, ['torn', '--strict'])).status).toBe(13);
  });

  test('--json: findings, services, signers, files, and the summary last', async () => {
    const folder = await makeFolder({ 'a.jsonl.gz': gzipSync(`${GOOD}nonsense\n`) });
    const { status, stdout } = await verify(folder, ['--json', 'a.jsonl.gz']);
    expect(status).toBe(13);
    const records = recordsOf(stdout);
    expect(records.map(({ type }) => type)).toEqual([
      'finding',
      'error',
      'service',
      'service',
      'service',
      'signer',
      'file',
      'summary',
    ]);
    expect(records[0]).toEqual({
      type: 'finding',
      kind: 'not-json',
      severity: 'bad',
      file: 'a.jsonl.gz',
      line: 4,
      offset: Buffer.byteLength(GOOD),
      offsetIn: 'uncompressed text',
      reason: 'it is no JSON',
    });
    expect(records.at(-1)).toMatchObject({
      exitStatus: 13,
      lines: 4,
      verdicts: { signed: 2, unsigned: 1, 'not-json': 1 },
      findings: { 'not-json': 1 },
    });
  });

  test('one line is one line', async () => {
    const folder = await makeFolder({ 'a.jsonl': textOf([greeting(ALICE, 20)]) });
    expect((await verify(folder, ['a.jsonl'])).stdout).toContain('\n1 line, 1 with an ID that fits');
  });

  test('--findings: all of them, anew each time, and never over a backup', async () => {
    const folder = await makeFolder({ 'a.jsonl': GOOD + GOOD });
    for (let round = 0; round < 2; round++) {
      await verify(folder, ['a.jsonl', '--findings', 'found']);
      const found = recordsOf(await readFile(join(folder, 'found'), 'utf8'));
      expect(found.map(({ kind, line }) => [kind, line])).toEqual([
        ['disorder', 4],
        ['duplicate', 4],
        ['duplicate', 5],
        ['duplicate', 6],
      ]);
    }
    expect((await verify(folder, ['a.jsonl', '--findings', 'a.jsonl'])).status).toBe(2);
    const piped = await verify(folder, ['-q', 'a.jsonl', '--findings', '/dev/stdout']);
    expect(recordsOf(piped.stdout)).toHaveLength(4);
  });

  test('stdin is read twice, too; keys are vouched for in a file', async () => {
    const late = textOf([sight('alice', 10, ALICE), greeting(ALICE, 20)]);
    const folder = await makeFolder({ keys: `alice ${ALICE.publicKey}\n`, bad: 'alice nonsense\n' });
    const piped = await verify(folder, ['--json'], late);
    expect(recordsOf(piped.stdout).at(-1)).toMatchObject({ exitStatus: 0, verdicts: { signed: 2 } });
    const alone = textOf([sight('alice', 10, ALICE)]);
    const pinned = await verify(folder, ['--json', '--keys', 'keys', '--pinned-only', '-'], alone);
    expect(recordsOf(pinned.stdout).at(-1)).toMatchObject({ exitStatus: 0, verdicts: { signed: 1 } });
    expect((await verify(folder, ['--keys', 'bad'], alone)).status).toBe(2);
  });

  test('what cannot be read is an error that says so', async () => {
    const folder = await makeFolder({ 'a.jsonl': GOOD, b: GOOD });
    for (const [args, status] of [
      [['.'], 16],
      [['nobody.jsonl'], 16],
      [['a.jsonl', '--receipt', 'auto'], 16],
      [['a.jsonl', 'b', '--receipt', 'one'], 2],
      [['--receipt', 'auto'], 2],
      [['a.jsonl', '--workers', '0'], 2],
    ] as const) {
      const { status: seen, stderr } = await verify(folder, args);
      expect({ args, seen }).toEqual({ args, seen: status });
      expect(stderr).toMatch(/^Error: /);
      expect(stderr).not.toMatch(/^ +at /m);
    }
    const { stderr } = await verify(folder, ['a.jsonl', '--receipt', 'auto']);
    expect(stderr).toMatch(/^Error: There is no receipt a\.jsonl\.receipt\./);
    expect(stderr).not.toContain('ENOENT');
  });

  test('SIGINT ends it while it waits for stdin', async () => {
    const stop = new AbortController();
    const stdin = new PassThrough();
    stdin.write(GOOD);
    const interruption = { signal: stop.signal, release: () => undefined };
    const [stdout, stderr] = [new Sink(), new Sink()];
    const running = main(['verify'], { stdin, stdout, stderr, interruption });
    stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped.'));
    expect(await running).toBe(130);
    expect(stdout.text).toBe('');
  });
});

describe('threads', () => {
  test('say the very same as one thread', async () => {
    const lines = makeHistory({ naras: 1, eventsPerNara: 12_000 }).ledgers[0]!.map(({ line }, at) =>
      at % 100 === 7
        ? line.slice(0, -at % 50)
        : at % 100 === 9
          ? line.replace(/"sig":"...../, '"sig":"AAAAA')
          : line,
    );
    const folder = await makeFolder({ 'a.jsonl': textOf(lines) });
    const results = await Promise.all(
      ['1', '2', '5'].map(async (workers) => {
        const { stdout, status } = await verify(folder, ['--json', '--workers', workers, 'a.jsonl']);
        expect(status).toBe(13);
        // How far it is, and how long it takes, is the machine's.
        const lines = stdout.split('\n').filter((line) => !line.startsWith('{"type":"progress"'));
        return lines.join('\n').replace(/"elapsedMs":[\d.]+/, '"elapsedMs":0');
      }),
    );
    expect(recordsOf(results[0]!).filter(({ kind }) => kind === 'bad-signature').length).toBeGreaterThan(20);
    expect(results[1]).toBe(results[0]);
    expect(results[2]).toBe(results[0]);
  });
});

describe('what dumps write', () => {
  test('verifies, and so does its receipt: plain, gzip, appended', async () => {
    await withMesh({ eventsPerNara: 800 }, async (mesh) => {
      for (const name of ['backup.jsonl', 'backup.jsonl.gz']) {
        const { folder, path } = await newBackup(name);
        for (let round = 0; round < 2; round++) {
          await dumpEvents(mesh, '-o', path, '--receipt', 'auto');
          const { status, stdout } = await verify(folder, [name, '--receipt', 'auto']);
          expect(status).toBe(0);
          expect(stdout).toContain(`The receipt of ${name} holds\n`);
        }
      }
      const { folder, path } = await newBackup();
      const lines = (await dumpEvents(mesh)).stdout.split('\n').slice(0, -1);
      await writeFile(path, `${lines.slice(0, 100).join('\n')}\n`);
      await shell(mesh, '"$@" -ids-from backup.jsonl --receipt receipt >> backup.jsonl', folder);
      const args = ['backup.jsonl', '--receipt', 'receipt'];
      expect((await verify(folder, args)).stdout).toContain('The receipt of backup.jsonl holds');
      await writeFile(path, (await text(path)).replace(/\n.*\n$/, '\n'));
      const { status, stderr } = await verify(folder, args);
      expect(status).toBe(13);
      expect(stderr).toContain('receipt: receipt: what was added has');
    });
  });
});
