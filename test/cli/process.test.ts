import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run, start, whenFinished, whenSaid } from './spawn.ts';

const PROGRAM = 'bin/mesh-backup.js';
const PROBE = 'test/cli/probe.js';

describe('mesh-backup', () => {
  it('shows its help and version on stdout', async () => {
    for (const args of [
      ['-h'],
      ['-help'],
      ['--help'],
      ['help'],
      ['help', 'exit-codes'],
      ['exit-codes', '-help'],
    ]) {
      const { status, stdout, stderr } = await run(PROGRAM, args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^Usage: mesh-backup/);
      expect(Math.max(...stdout.split('\n').map((row) => row.length))).toBeLessThanOrEqual(80);
    }
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await run(PROGRAM, ['-version'])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('names environment variables and exit statuses in the help of a command', async () => {
    const { stdout } = await run('bin/nara-backup.js', ['exit-codes', '-help']);
    expect(stdout).toContain('nara-backup exit-codes --json');
    expect(stdout).toMatch(/NO_COLOR.*\n(.*\n)*.* 141 {2}the reader/);
  });

  it('shows its help on stderr where no command is given', async () => {
    const { status, stdout, stderr } = await run(PROGRAM, []);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: mesh-backup/);
  });

  it.each([
    [
      ['exit-cods'],
      "Error: unknown command 'exit-cods' (Did you mean exit-codes?)\nFor help: mesh-backup -help\n",
    ],
    [['-verbose'], "Error: unknown option '--verbose'"],
    [['exit-codes', '-jsn=SECRET'], "Error: unknown option '--jsn' (Did you mean --json?)\n"],
    [['exit-codes', 'more'], "Error: too many arguments for 'exit-codes'."],
    [['exit-codes', '-color=red'], "Error: option '--color <when>' argument 'red' is invalid."],
    [['exit-codes', '-json=\u001b[31m'], String.raw`Error: option '--json' is a switch: '\u{1b}[31m'`],
    [['constructor'], "Error: unknown command 'constructor'"],
  ])('refuses %j with 2 and a pointer to the help', async (args, message) => {
    const { status, stdout, stderr } = await run(PROGRAM, args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.slice(0, message.length)).toBe(message);
    expect(stderr).toMatch(/\nFor help: mesh-backup( exit-codes)? -help\n$/);
    expect(stderr).not.toContain('SECRET');
  });

  it('prints the table of exit statuses for people and for scripts', async () => {
    const { stdout } = await run(PROGRAM, ['exit-codes']);
    expect(stdout).toContain('  141  the reader of the pipe went away\n       READER_GONE');
    const { stdout: json, stderr } = await run(PROGRAM, ['exit-codes', '-json']);
    const records = json
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row) as Record<string, unknown>);
    expect(records[0]).toMatchObject({ type: 'exit-status', exitStatus: 0 });
    expect(records.at(-1)).toMatchObject({ type: 'summary' });
    expect(stderr).toBe('');
  });

  it('keeps docs/exit-codes.md true', async () => {
    const { stdout } = await run(PROGRAM, ['exit-codes', '--markdown']);
    expect(readFileSync('docs/exit-codes.md', 'utf8')).toBe(stdout);
  });
});

describe('the frame', () => {
  it('ends with a message and no stack trace on a mistake of ours', async () => {
    const { status, stderr } = await run(PROBE, ['throw']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Error: \\u\{1b\}\[31mbroken\\u\{202e\}\nThis is a mistake of ours.*\n$/);
    expect((await run(PROBE, ['throw'], { env: { MESH_BACKUP_DEBUG: '1' } })).stderr).toMatch(/\n {4}at /);
    const { stderr: json } = await run(PROBE, ['throw', '-json']);
    expect(JSON.parse(json)).toMatchObject({ type: 'error', code: 'INTERNAL', exitStatus: 1 });
  });

  it('shows no stack trace of what is thrown behind its back', async () => {
    const { status, stderr } = await run(PROBE, ['late']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'ready\nError: \\u{1b}[31mlate\n' });
  });

  it('says that a command stopped without an end, with 1 and not with 13', async () => {
    const { status, stderr } = await run(PROBE, ['lost']);
    expect(status).toBe(1);
    expect(stderr).toContain('Error: the command stopped without an end.');
  });

  it('ends although something is left open', async () => {
    expect(await run(PROBE, ['open'])).toMatchObject({ status: 3, signal: null, stdout: 'all of it\n' });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: first in order, then at once', async (signal, status) => {
    const obedient = start(PROBE, ['hang']);
    const obeyed = whenFinished(obedient);
    await whenSaid(obedient, 'ready');
    obedient.kill(signal);
    expect(await obeyed).toMatchObject({
      status,
      signal: null,
      stderr: `ready\nError: Stopped by ${signal}.\n`,
    });

    const stubborn = start(PROBE, ['stubborn']);
    const stopped = whenFinished(stubborn);
    await whenSaid(stubborn, 'ready');
    stubborn.kill(signal);
    await whenSaid(stubborn, 'finishing');
    stubborn.kill(signal);
    expect(await stopped).toMatchObject({ status, signal: null, stderr: 'ready\nfinishing\n' });
  });

  it.skipIf(process.platform === 'win32')('is quiet with 141 when the reader goes away', async () => {
    expect(await shell('$NODE $PROBE flood | head -c 1; echo ${PIPESTATUS[0]}')).toEqual(['x141\n', '']);
    expect(await shell('$NODE $PROGRAM exit-codes -help | true; echo ${PIPESTATUS[0]}')).toEqual([
      expect.stringMatching(/^(0|141)\n$/),
      '',
    ]);
  });

  it.skipIf(process.platform !== 'linux')('does not call a full disk a success', async () => {
    const [stdout, stderr] = await shell('$NODE $PROGRAM exit-codes > /dev/full; echo $?');
    expect(stdout).toBe('16\n');
    expect(stderr).toContain('ENOSPC');
  });

  it.skipIf(process.platform !== 'linux')(
    'takes the soul out of the process list and the environment',
    async () => {
      const soul = 'SECRETsoulSECRETsoulSECRETsoulSECRETsoulSECRETsoulSECRET';
      const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-title-'));
      const to = join(folder, 'read');
      for (const [args, env] of [
        [['-soul', soul], {}],
        [[`--soul=${soul}`, '-verbose'], { NARA_SOUL: soul }],
      ] as const) {
        const child = start(PROBE, ['soul', '-to', to, ...args], { env });
        const finished = whenFinished(child);
        await whenSaid(child, 'ready');
        const shown = readFileSync(`/proc/${child.pid!}/cmdline`, 'latin1').replaceAll('\0', '');
        child.kill('SIGTERM');
        await finished;
        expect(shown).toBe('probe');
        expect(JSON.parse(readFileSync(to, 'utf8'))).toEqual({ text: soul, env: null });
      }
      rmSync(folder, { recursive: true });
    },
  );
});

function shell(script: string): Promise<[stdout: string, stderr: string]> {
  const env = {
    PATH: process.env['PATH'],
    NODE: process.execPath,
    PROBE: fileURLToPath(new URL('probe.js', import.meta.url)),
    PROGRAM: fileURLToPath(new URL(`../../${PROGRAM}`, import.meta.url)),
  };
  return new Promise((resolve) => {
    execFile('bash', ['--norc', '-c', script], { env }, (_, stdout, stderr) => {
      resolve([stdout, stderr]);
    });
  });
}
