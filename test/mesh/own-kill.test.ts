import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identityOf, isGone } from '../../src/jsonl/process-identity.ts';
import { expectNothingLeft, FAKE, joinFake, KEY, makeGround, type Ground } from './own-mesh.ts';

const BUILT = new URL('../../dist/mesh/own.js', import.meta.url).href;

/** Joins, says so, and stays. The key comes by stdin. */
const CODE = `
  import { readFileSync } from 'node:fs';
  import { joinOwn } from ${JSON.stringify(BUILT)};
  const settings = { loginServer: 'https://mesh.test', joinTimeoutMs: 30000, env: process.env };
  const signal = new AbortController().signal;
  const authKey = readFileSync(0, 'utf8');
  joinOwn({ ...settings, tailscaled: process.argv[1], authKey, signal }).catch(() => undefined);
`;

function startOwner(ground: Ground): ChildProcess {
  const words = ['--input-type=module', '-e', CODE, '--', FAKE];
  const child = spawn(process.execPath, words, { env: ground.env, stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(KEY);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

interface Pids {
  readonly owner: { readonly pid: number };
  readonly watchdog: { readonly pid: number };
  readonly tailscaled: { readonly pid: number };
}

function pidsOf(ground: Ground): Pids {
  const file = join(ground.place, ground.folders()[0]!, 'owner.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Pids;
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}

const knowsChildren = existsSync(`/proc/self/task/${process.pid}/children`);

describe('a process that joined and is killed', () => {
  it.each<[string, string[], number]>([
    ['is on the mesh', ['Running'], 2],
    ['still waits', ['NeedsLogin'], 2],
  ])('leaves nothing behind while it %s', async (_what, states, calls) => {
    const ground = makeGround({ states });
    const owner = startOwner(ground);
    await expect.poll(() => ground.calls().length, { timeout: 20_000 }).toBe(calls);
    const { watchdog } = pidsOf(ground);
    await kill(owner);
    await expectNothingLeft(ground);
    expect(ground.calls().at(-1)).toBe('SIGTERM');
    await expect.poll(() => isGone(identityOf(watchdog.pid))).toBe(true);
  });

  it('leaves nothing behind, also of one that heeds no SIGTERM', async () => {
    const ground = makeGround({ hangs: ['SIGTERM'] });
    const owner = startOwner(ground);
    await expect.poll(() => ground.calls().length, { timeout: 20_000 }).toBe(2);
    const { watchdog } = pidsOf(ground);
    await kill(owner);
    await expectNothingLeft(ground);
    await expect.poll(() => isGone(identityOf(watchdog.pid))).toBe(true);
  });

  it.skipIf(!knowsChildren)('leaves to the next one what its watchdog cannot end', async () => {
    const ground = makeGround();
    const owner = startOwner(ground);
    await expect.poll(() => ground.calls().length, { timeout: 20_000 }).toBe(2);
    const { watchdog, tailscaled } = pidsOf(ground);
    for (const pid of [watchdog.pid, ...childrenOf(watchdog.pid)]) {
      if (pid !== tailscaled.pid) process.kill(pid, 'SIGKILL');
    }
    await kill(owner);
    expect(isGone(identityOf(tailscaled.pid))).toBe(false);
    const [old] = ground.folders();
    await joinFake(ground);
    expect(isGone(identityOf(tailscaled.pid))).toBe(true);
    expect(ground.folders()).toHaveLength(1);
    expect(ground.folders()).not.toContain(old);
  });
});

describe('a watchdog', () => {
  it('that is killed leaves its tailscaled to us', async () => {
    const ground = makeGround();
    const membership = await joinFake(ground);
    process.kill(pidsOf(ground).watchdog.pid, 'SIGKILL');
    expect((await membership.status()).state).toBe('Running');
    await membership.leave();
    await expectNothingLeft(ground);
  });

  it('that is asked to end ends its tailscaled', async () => {
    const ground = makeGround();
    await joinFake(ground);
    process.kill(pidsOf(ground).watchdog.pid, 'SIGTERM');
    await expectNothingLeft(ground);
    expect(ground.calls().at(-1)).toBe('SIGTERM');
  });

  it('is in no group with us: Ctrl-C on our terminal does not end it before we left', async () => {
    const ground = makeGround();
    await joinFake(ground);
    const { watchdog } = pidsOf(ground);
    const group = readFileSync(`/proc/${watchdog.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
    expect(Number(group)).toBe(watchdog.pid);
  });
});
