import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { joinHost } from '../../src/mesh/host.ts';
import { isOpen, say } from './calling.ts';
import { closeServer, listen } from './listening.ts';
import type { Membership } from '../../src/mesh/membership.ts';
import { readVectors } from '../fixtures.ts';
import { failureOf } from './asking.ts';
import { startLocalApi, startStatus } from './local-api-server.ts';

const { signal } = new AbortController();
const HERE = {
  BackendState: 'Running',
  Self: { HostName: 'h', TailscaleIPs: ['fd7a:115c:a1e0::99', '127.0.0.1'] },
};

async function joined(status: unknown): Promise<Membership> {
  const { socketPath } = await startStatus(status);
  const membership = await joinHost({ socketPath, signal });
  onTestFinished(() => membership.leave());
  return membership;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0, '127.0.0.1');
  await closeServer(server);
  return port;
}

describe("the machine's own tailscaled", () => {
  it('is used as it is', async () => {
    const membership = await joined(readVectors('localapi-status-mixed.json'));
    expect(membership.way).toBe('host');
    expect(membership.proxy).toBeUndefined();
    expect((await membership.status()).self?.hostName).toBe('laptop');
    await membership.leave();
    await membership.leave();
    expect((await failureOf(membership.status())).code).toBe('MESH_DAEMON');
  });

  it('that is not there is named', async () => {
    for (const socketPath of ['/nowhere/tailscaled.sock', '/etc/passwd']) {
      const failure = await failureOf(joinHost({ socketPath, signal }));
      expect(failure).toMatchObject({ code: 'MESH_NO_DAEMON', exitStatus: 14 });
      expect(failure.message).toBe(`Failed to connect to mesh: no tailscaled at ${socketPath}.`);
      expect(failure.hint).toContain('tailscale.com/download');
    }
  });

  it.skipIf(process.getuid?.() !== 0)('that may not be used is named', async () => {
    const { socketPath } = await startStatus(HERE);
    chmodSync(dirname(socketPath), 0o700);
    const url = new URL('../../dist/mesh/host.js', import.meta.url).href;
    const code = `
      import { joinHost } from ${JSON.stringify(url)};
      process.setuid(12345);
      joinHost({ socketPath: ${JSON.stringify(socketPath)}, signal: new AbortController().signal }).catch((error) => {
        console.log(error.code, error.hint);
      });
    `;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    expect(stdout).toMatch(/^MESH_DAEMON You may not use that socket/);
  });

  it.each([
    ['NeedsLogin', ['You are logged out.'], /\(state NeedsLogin\): You are logged out\.$/, /tailscale up/],
    ['Stopped', [], /\(state Stopped\)$/, /tailscale up/],
    ['NeedsMachineAuth', [], /\(state NeedsMachineAuth\)$/, /Approve/],
    ['Starting', ['a', 'b'], /\(state Starting\): a; b$/, /again/],
    ['NoState', [], /\(state NoState\)$/, /tailscale status/],
  ])('that is not connected (%s) is named', async (BackendState, Health, message, hint) => {
    const { socketPath } = await startStatus({ BackendState, Health });
    const failure = await failureOf(joinHost({ socketPath, signal }));
    expect(failure).toMatchObject({ code: 'MESH_NOT_RUNNING', exitStatus: 14 });
    expect(failure.message).toMatch(
      /^Failed to connect to mesh: this machine's tailscaled is not connected /,
    );
    expect(failure.message).toMatch(message);
    expect(failure.hint).toMatch(hint);
  });

  it('is not waited for when somebody stops it', async () => {
    const stop = new AbortController();
    const reason = new MeshBackupError('INTERRUPTED', 'enough');
    const { socketPath } = await startLocalApi(() => {
      stop.abort(reason);
    });
    expect(await failureOf(joinHost({ socketPath, signal: stop.signal }))).toBe(reason);
  });

  it('is listened beside, at its IPv4 address, and tells who calls', async () => {
    const membership = await joined(HERE);
    const port = await freePort();
    const close = await membership.receive((socket, caller) => socket.end(caller), port);
    expect(await say(port, '')).toBe('127.0.0.1');
    await close();
    await close();
    expect(await isOpen(port)).toBe(false);
  });

  it.each([
    [
      'is taken',
      ['127.0.0.1'],
      /^Failed to connect to mesh: another program listens on port \d+ of 127\.0\.0\.1/,
      /nara/,
    ],
    [
      'is none of the system',
      ['100.64.99.99'],
      /the system does not know port \d+ of 100\.64\.99\.99/,
      /userspace/,
    ],
    ['is missing', [], /this machine has no address on the mesh/, /undefined/],
  ])('where its address %s: told', async (_what, TailscaleIPs, message, hint) => {
    const other = createServer();
    const port = await listen(other, 0, '127.0.0.1');
    onTestFinished(() => closeServer(other));
    const membership = await joined({ ...HERE, Self: { HostName: 'h', TailscaleIPs } });
    const failure = await failureOf(membership.receive(() => undefined, port));
    expect(failure.code).toBe('MESH_DAEMON');
    expect(failure.message).toMatch(message);
    expect(String(failure.hint)).toMatch(hint);
  });
});
