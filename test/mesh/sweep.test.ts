import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identityOf, isGone, ownIdentity, type ProcessIdentity } from '../../src/jsonl/process-identity.ts';
import { sweep } from '../../src/mesh/sweep.ts';
import { makeGround, type Ground } from './own-mesh.ts';

/** A process that is there for as long as a test is. */
async function startProcess(code = 'setInterval(() => 0, 1e9)'): Promise<ProcessIdentity> {
  const child = spawn(process.execPath, ['-e', `${code}; console.log('up')`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return identityOf(child.pid!);
}

/** One that is not there any more. */
async function goneProcess(): Promise<ProcessIdentity> {
  const child = spawn(process.execPath, ['-e', '']);
  const identity = identityOf(child.pid!);
  await once(child, 'exit');
  return identity;
}

function makeFolder(ground: Ground, record: unknown, name = 'mesh-backup-mesh-abcdef'): string {
  const folder = join(ground.place, name);
  mkdirSync(folder, { mode: 0o700 });
  if (record !== undefined) {
    writeFileSync(join(folder, 'owner.json'), typeof record === 'string' ? record : JSON.stringify(record));
  }
  return folder;
}

async function isSwept(ground: Ground): Promise<boolean> {
  await sweep([ground.place, '/nowhere'], 200);
  return ground.folders().length === 0;
}

describe('what earlier runs left', () => {
  it('is ended and removed', async () => {
    const ground = makeGround();
    const tailscaled = await startProcess();
    const watchdog = await startProcess();
    makeFolder(ground, { version: 1, owner: await goneProcess(), watchdog, tailscaled });
    expect(await isSwept(ground)).toBe(true);
    expect([isGone(tailscaled), isGone(watchdog)]).toEqual([true, true]);
  });

  it('is ended by SIGKILL where it heeds no SIGTERM', async () => {
    const ground = makeGround();
    const tailscaled = await startProcess("process.on('SIGTERM', () => 0); setInterval(() => 0, 1e9)");
    makeFolder(ground, { version: 1, owner: await goneProcess(), tailscaled });
    expect(await isSwept(ground)).toBe(true);
    expect(isGone(tailscaled)).toBe(true);
  });

  it('is removed, but nobody is ended who has its pid by now', async () => {
    const ground = makeGround();
    const other = await startProcess();
    const [boot, namespace] = other.started.split(' ');
    const before = [`${boot!} ${namespace!} 1`, `other ${namespace!} 1`, ''];
    for (const [at, started] of before.entries()) {
      const process = { ...other, started };
      const record = { version: 1, owner: await goneProcess(), watchdog: process, tailscaled: process };
      makeFolder(ground, record, `mesh-backup-mesh-00000${at}`);
    }
    expect(await isSwept(ground)).toBe(true);
    expect(isGone(other)).toBe(false);
  });

  it('is ended where no start times are told, as long as it answers at its socket', async () => {
    const ground = makeGround();
    const socketPath = join(ground.place, 'mesh-backup-mesh-abcdef', 's.sock');
    makeFolder(ground, undefined);
    const listening = `require('net').createServer().listen(${JSON.stringify(socketPath)})`;
    const tailscaled = await startProcess(listening);
    const record = { version: 1, owner: await goneProcess(), tailscaled: { ...tailscaled, started: '' } };
    writeFileSync(join(ground.place, 'mesh-backup-mesh-abcdef', 'owner.json'), JSON.stringify(record));
    expect(await isSwept(ground)).toBe(true);
    expect(isGone(tailscaled)).toBe(true);
  });

  it.each<[string, () => unknown]>([
    ['a living owner', () => ({ version: 1, owner: ownIdentity() })],
    [
      'an owner on another host',
      () => ({ version: 1, owner: { pid: 1, host: `not-${hostname()}`, started: '' } }),
    ],
    ['a later version of us', () => ({ version: 2, what: 'ever' })],
    ['nobody yet', () => undefined],
    ['somebody who is writing', () => '{"version":'],
  ])('is left to %s', async (_what, record) => {
    const ground = makeGround();
    makeFolder(ground, record());
    expect(await isSwept(ground)).toBe(false);
  });

  it.each([undefined, '', '{}', '{"version":1,"owner":{"pid":-1}}'])(
    'is removed when it says %j for long',
    async (text) => {
      const ground = makeGround();
      const folder = makeFolder(ground, text);
      const then = Date.now() / 1000 - 61;
      utimesSync(folder, then, then);
      expect(await isSwept(ground)).toBe(true);
    },
  );

  it('is left where it is a link, a file or called otherwise', async () => {
    const ground = makeGround();
    const record = { version: 1, owner: await goneProcess() };
    const elsewhere = makeFolder(ground, record, 'something');
    symlinkSync(elsewhere, join(ground.place, 'mesh-backup-mesh-linked'));
    writeFileSync(join(ground.place, 'mesh-backup-mesh-a-file'), '');
    await sweep([ground.place], 0);
    expect([...ground.folders()].sort()).toEqual(['mesh-backup-mesh-a-file', 'mesh-backup-mesh-linked']);
    chmodSync(elsewhere, 0o700); // it is still there
  });

  it.skipIf(process.getuid?.() !== 0)('is left where it is another user’s', async () => {
    const ground = makeGround();
    const folder = makeFolder(ground, { version: 1, owner: await goneProcess() });
    chownSync(folder, 12_345, 12_345);
    expect(await isSwept(ground)).toBe(false);
  });
});
