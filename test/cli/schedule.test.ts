import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from '../keeping/backups.ts';
import { run, type Finished } from './spawn.ts';

async function schedule(...args: string[]): Promise<Finished & { readonly cwd: string }> {
  const cwd = await makeFolder();
  return { ...(await run('bin/mesh-backup.js', ['schedule', ...args], { cwd })), cwd };
}

describe('mesh-backup schedule', () => {
  test('a service and its timer, with what to do about them, and nothing on stderr', async () => {
    const { status, stdout, stderr, cwd } = await schedule(
      ...['--every', 'weekly', '--at', '04:30', '--name', 'mesh', '--run-as', 'backup'],
      ...['--credential', 'soul=alice.soul', '--', 'sh', '-c', 'echo "$1" 100%', 'sh', '-verbose'],
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        '#   sudo systemctl enable --now mesh.timer',
        '# /etc/systemd/system/mesh.service',
        'User=backup',
        `WorkingDirectory=${cwd}`,
        `ReadWritePaths=${cwd}`,
        `LoadCredential=soul:${join(cwd, 'alice.soul')}`,
        '# /etc/systemd/system/mesh.timer',
        'OnCalendar=Mon *-*-* 04:30:00',
      ]),
    );
    expect(stdout).toMatch(/^ExecStart=\/\S+\/sh -c "echo \\"\$\$1\\" 100%%" sh -verbose$/m);
    expect(stdout).toMatch(new RegExp(`^Environment=PATH=${dirname(process.execPath)}:`, 'm'));
  });

  test('one part alone, for tee', async () => {
    const service = await schedule('--only', 'service', '--', 'true');
    expect(service.stdout).toMatch(/^# \/etc\/systemd\/system\/mesh-backup\.service\n\[Unit\]\n/);
    expect(service.stdout).not.toContain('[Timer]');
    const timer = await schedule('--user', '--only', 'timer', '--on-calendar', 'Mon 12:00', '--', 'true');
    expect(timer.stdout).toMatch(/^# ~\/\.config\/systemd\/user\/mesh-backup\.timer\n/);
    expect(timer.stdout).toContain('OnCalendar=Mon 12:00\n');
  });

  test('a crontab’s line, which a shell runs', async () => {
    const { status, stdout, cwd } = await schedule(
      '--cron',
      '--at',
      '4:05',
      '--',
      'printf',
      '%s|',
      "it's",
      '100%',
    );
    expect(status).toBe(0);
    const line = stdout.split('\n').find((text) => !text.startsWith('#'))!;
    expect(line).toMatch(/^5 4 \* \* \* cd /);
    const command = line.replace('5 4 * * * ', '').replaceAll(String.raw`\%`, '%');
    expect(execFileSync('sh', ['-c', command]).toString()).toBe("it's|100%|");
    expect(line).toContain(cwd);
  });

  test('with --json, records', async () => {
    const { stdout } = await schedule('--json', '--run-as', 'x', '--', 'true');
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(records.map(({ type, name }) => [type, name])).toEqual([
      ['unit', 'mesh-backup.service'],
      ['unit', 'mesh-backup.timer'],
      ['summary', undefined],
    ]);
    expect((await schedule('--json', '--cron', '--', 'true')).stdout).toContain('"type":"cron"');
  });

  test.each([
    ['-soul', 'SECRET'],
    ['--soul=SECRET'],
    ['-authkey', 'SECRET'],
    ['sh', '-c', 'dump-events -soul SECRET'],
    ['sh', '-c', "'--authkey=SECRET'"],
    ['env', 'NARA_SOUL=SECRET', 'dump-events'],
    ['env', 'TS_AUTHKEY=SECRET', 'dump-events'],
    ['sh', '-c', 'cd /;NARA_SOUL="SECRET" dump-events'],
    ['sh', '-c', "export 'STIGMEM_API_KEY=SECRET'"],
  ])('a secret in the command is refused, and not shown: %j %s', async (...words) => {
    const { status, stdout, stderr } = await schedule('--', 'true', ...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('--credential');
    expect(stderr).not.toContain('SECRET');
  });

  test('flags that name where secrets are, are no secrets', async () => {
    const { status } = await schedule(
      '--',
      'true',
      '--soul-file',
      'a',
      '--soul-command',
      'pass x',
      '--authkey-file=k',
      'NARA_SOUL_FILE=x',
      'MY_NARA_SOUL=x',
    );
    expect(status).toBe(0);
  });

  test.each<string[]>([
    ['--'],
    ['--', 'no-such-program-here'],
    ['--', '/'],
    ['--', 'NARA_SOUL=SECRET', 'true'],
    ['--credential', 'SECRET', '--', 'true'],
    ['--name', '../x', '--', 'true'],
    ['--at', '25:00', '--', 'true'],
    ['--every', 'fortnight', '--', 'true'],
    ['--on-calendar', 'daily', '--at', '3:00', '--', 'true'],
    ['--cron', '--credential', 'soul=x', '--', 'true'],
    ['--cron', '--user', '--', 'true'],
    ['--user', '--run-as', 'x', '--', 'true'],
    ['--run-as', 'x\ny', '--', 'true'],
    ['--', 'true', 'a\nb'],
    ['--cron', '--', 'true', 'a\nb'],
  ])('makes no sense: %j %s %s %s', async (...args) => {
    const { status, stdout, stderr } = await schedule(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).not.toContain('SECRET');
  });

  test('a program is found on PATH, and must be one', async () => {
    const folder = await makeFolder({ job: '#!/bin/sh\n' });
    const find = (): Promise<Finished> =>
      run('bin/mesh-backup.js', ['schedule', '--run-as', 'x', '--', 'job'], { env: { PATH: folder } });
    expect((await find()).status).toBe(2);
    await chmod(join(folder, 'job'), 0o755);
    expect((await find()).stdout).toContain(`\nExecStart=${folder}/job\n`);
  });

  test('names begin in --directory', async () => {
    const folder = await makeFolder({ 'job.sh': '#!/bin/sh\n' });
    await chmod(join(folder, 'job.sh'), 0o755);
    const { stdout } = await schedule(
      ...['--directory', folder, '--write-to', 'out', '--credential', 'soul=key', '--run-as', 'x'],
      ...['--', './job.sh'],
    );
    expect(stdout).toContain(`\nExecStart=${folder}/job.sh\n`);
    expect(stdout).toContain(`\nReadWritePaths=${folder}/out\n`);
    expect(stdout).toContain(`\nLoadCredential=soul:${folder}/key\n`);
  });

  test('help fits 80 columns', async () => {
    const { stdout } = await run('bin/mesh-backup.js', ['help', 'schedule']);
    for (const text of stdout.split('\n')) expect(text.length, text).toBeLessThanOrEqual(80);
  });
});
