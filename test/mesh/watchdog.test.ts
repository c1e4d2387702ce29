import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startWatchdog, type Watchdog } from '../../src/mesh/watchdog.ts';

const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash', '/bin/ksh', '/bin/zsh'].filter((path) =>
  existsSync(path),
);

interface Watched extends Watchdog {
  readonly folder: string;
  /** Resolves to the status, once it and all that it started have ended: they hold its pipes. */
  readonly closed: Promise<unknown>;
}

function watch(shell: string, script: string, graceSeconds = 100): Watched {
  const folder = mkdtempSync('/tmp/mesh test $(x) ');
  writeFileSync(join(folder, 'file'), '');
  const command = ['/bin/sh', '-c', script, 'sh', "it's", '$0 *'];
  const watchdog = startWatchdog({ folder, command, env: process.env, graceSeconds, shell });
  onTestFinished(() => {
    if (watchdog.process.exitCode === null) process.kill(-watchdog.process.pid!, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const closed = once(watchdog.process, 'close').then(([status]: unknown[]) => status);
  return { ...watchdog, folder, closed };
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const piece of stream) all += String(piece);
  return all;
}

/** What still runs in its session; who has ended is there until it is asked how. */
function left({ process: { pid } }: Watchdog): string[] {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,args=', '-s', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('Z'));
}

describe.each(SHELLS)('a watchdog by %s', (shell) => {
  it('starts a program when told to, with its arguments, and ends with its status', async () => {
    const watched = watch(shell, 'echo "$$|$1|$2"; exit 7');
    const pid = text(watched.stdout);
    const said = text(watched.stderr);
    watched.go();
    expect(await watched.closed).toBe(7);
    expect(await said).toBe((await pid).trim() + "|it's|$0 *\n");
    expect(existsSync(watched.folder)).toBe(false);
  });

  it('starts nothing where nobody is left to say so', async () => {
    const watched = watch(shell, 'echo up');
    watched.stdout.resume();
    const said = text(watched.stderr);
    watched.process.stdio[3]!.destroy();
    expect(await watched.closed).toBe(1);
    expect(await said).toBe('');
  });

  it.each(['before it is told to start', 'while it runs'])('ends it when released %s', async (when) => {
    const watched = watch(shell, "trap 'echo term; kill $!; exit 3' TERM; sleep 1000 & echo up; wait");
    watched.stdout.resume();
    let said = '';
    watched.stderr.on('data', (piece) => (said += String(piece)));
    if (when === 'while it runs') {
      watched.go();
      await expect.poll(() => said).toBe('up\n');
    }
    watched.release();
    expect(await watched.closed).toBeOneOf(when === 'while it runs' ? [3] : [1, 143]);
    expect(said).toBe(when === 'while it runs' ? 'up\nterm\n' : '');
    expect(existsSync(watched.folder)).toBe(false);
    expect(left(watched)).toEqual([]);
  });

  it('ends by force what heeds no SIGTERM', async () => {
    const watched = watch(shell, 'trap "" TERM; echo up; exec sleep 1000', 1);
    watched.stdout.resume();
    watched.go();
    await once(watched.stderr, 'data');
    watched.stderr.resume();
    watched.release();
    expect(await watched.closed).toBe(137);
    expect(existsSync(watched.folder)).toBe(false);
    expect(left(watched)).toEqual([]);
  });

  it('passes a signal on, and waits', async () => {
    const watched = watch(shell, 'trap "echo term" TERM; echo up; while :; do sleep 0.05; done');
    watched.stdout.resume();
    let said = '';
    watched.stderr.on('data', (piece) => (said += String(piece)));
    watched.go();
    await expect.poll(() => said).toBe('up\n');
    watched.process.kill('SIGTERM');
    await expect.poll(() => said).toBe('up\nterm\n');
    expect([watched.process.exitCode, watched.process.signalCode]).toEqual([null, null]);
  });
});
