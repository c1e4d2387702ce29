import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { isGone } from '../../src/jsonl/process-identity.ts';
import type { OnCall } from '../../src/mesh/call-server.ts';
import type { OwnSettings } from '../../src/mesh/own.ts';
import { failureOf } from './asking.ts';
import { isOpen, proxyHeader, say } from './calling.ts';
import {
  expectNothingLeft,
  fakeOf,
  joinFake,
  KEY,
  makeGround,
  type Behaviour,
  type Ground,
} from './own-mesh.ts';

const SHIELDS_UP = ['PATCH', 'prefs', '"ShieldsUp":true'] as const;
const SHIELDS_DOWN = ['PATCH', 'prefs', '"ShieldsUp":false'] as const;

describe('joining by a tailscaled of our own', () => {
  it('starts it, logs in, and leaves nothing', async () => {
    const ground = makeGround({ states: ['NeedsLogin', 'Starting', 'Running'] });
    const membership = await joinFake(ground);
    expect(membership.way).toBe('own');
    const url = 'http://127.0.0.1:41057';
    expect(membership.proxy).toEqual({ http: url, https: url, noProxy: '', tunnelsAll: true });
    expect(await membership.status()).toMatchObject({
      state: 'Running',
      machines: [{ hostName: 'n1', addresses: ['100.64.0.1'] }],
    });
    await membership.leave();
    await membership.leave();
    expect(ground.calls()).toEqual(['POST start', 'POST login-interactive', 'POST logout', 'SIGTERM']);
    expect(ground.entries()[1]?.json).toEqual({
      AuthKey: KEY,
      UpdatePrefs: {
        ControlURL: 'https://mesh.test',
        Hostname: expect.stringMatching(/^nara-backup-\d{1,5}$/) as string,
        WantRunning: true,
        CorpDNS: false,
        RouteAll: false,
        ShieldsUp: true,
      },
    });
    await expectNothingLeft(ground);
  });

  it('starts it in a folder of its own, without root, device, state and our secrets', async () => {
    const ground = makeGround();
    const env = {
      ...ground.env,
      NARA_SOUL: 'soul',
      TS_AUTHKEY: KEY,
      TS_DEBUG_USE_DERP_HTTP: 'true',
      TS_DISABLE_PORTMAPPER: '1',
    };
    await joinFake(ground, { env });
    const folder = `${ground.place}/${ground.folders()[0]!}`;
    expect(statSync(join(folder, 'owner.json')).mode & 0o777).toBe(0o600);
    const started = ground.entries()[0]!;
    expect(started.argv).toEqual([
      '--tun=userspace-networking',
      '--state=mem:',
      `--statedir=${folder}`,
      `--socket=${folder}/s.sock`,
      '--no-logs-no-support',
      '--outbound-http-proxy-listen=127.0.0.1:0',
    ]);
    expect(started.env).toMatchObject({ TS_DEBUG_USE_DERP_HTTP: 'true', TS_DISABLE_PORTMAPPER: '1' });
    expect(started.env).not.toHaveProperty('NARA_SOUL');
    expect(JSON.stringify(started)).not.toContain(KEY);
  });

  it.each<[string, Behaviour, Partial<OwnSettings>, string, RegExp]>([
    [
      'ends at once',
      { dies: { at: 'start', says: `2026/11/21 00:37:26 flag provided but not defined: -x ${KEY}` } },
      {},
      'MESH_DAEMON',
      /^Failed to connect to mesh: tailscaled ended with status 1: flag provided but not defined: -x \*\*\*$/,
    ],
    [
      'ends while it logs in',
      { dies: { at: 'login-interactive', says: 'panic: oh' } },
      {},
      'MESH_DAEMON',
      /tailscaled ended with status 1: panic: oh$/,
    ],
    [
      'is not there',
      {},
      { tailscaled: '/nowhere/tailscaled' },
      'MESH_NO_DAEMON',
      /^Failed to connect to mesh: what --tailscaled names is no program/,
    ],
    [
      'says what it was told when it refuses to start',
      { refuses: [['POST', 'start', '']] },
      {},
      'MESH_DAEMON',
      /tailscaled answers HTTP 500 to start: \{"AuthKey":"\*\*\*"/,
    ],
    [
      'brings a refusal of the key',
      {
        states: ['NeedsLogin'],
        health: {
          NeedsLogin: [`You are logged out. The last login error was: invalid pre auth key ${KEY}`],
        },
      },
      {},
      'MESH_KEY_REFUSED',
      /^Failed to connect to mesh: the login server refuses the auth key: invalid pre auth key \*\*\*$/,
    ],
    [
      'never logs in',
      { states: ['NeedsLogin'], health: { NeedsLogin: ['You are logged out.', `no way: ${KEY}`] } },
      { joinTimeoutMs: 700 },
      'MESH_TIMEOUT',
      /^Failed to connect to mesh: not connected within 0.7 s \(state NeedsLogin\): You are logged out.; no way: \*\*\*$/,
    ],
    [
      'does not reach the login server',
      {
        states: ['NeedsLogin'],
        health: {
          NeedsLogin: [
            'You are logged out. The last login error was: fetch control key: Get "https://auth-key/key"',
          ],
        },
      },
      { joinTimeoutMs: 700 },
      'MESH_TIMEOUT',
      /fetch control key/,
    ],
    [
      'says no port',
      { isMute: true },
      { joinTimeoutMs: 700 },
      'MESH_TIMEOUT',
      /not connected within 0.7 s: tailscaled does not say that it is ready$/,
    ],
  ])('one that %s: told, and nothing is left', async (_what, behaviour, settings, code, message) => {
    const ground = makeGround(behaviour);
    const failure = await failureOf(joinFake(ground, settings));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(`${failure.message}${String(failure.hint)}${String(failure.stack)}`).not.toContain(KEY);
    expect(ground.folders()).toEqual([]);
    await expectNothingLeft(ground);
  });

  it('one that cannot be executed: told, and nothing is left', async () => {
    const ground = makeGround();
    const tailscaled = join(ground.place, 'broken');
    await writeFile(tailscaled, '#!/nowhere/node\n', { mode: 0o755 });
    const failure = await failureOf(joinFake(ground, { tailscaled }));
    expect(failure.code).toBe('MESH_DAEMON');
    expect(failure.message).toMatch(
      /^Failed to connect to mesh: tailscaled ended with status 12\d: .*broken/,
    );
    await expectNothingLeft(ground);
  });

  it('waits for being approved, and says so once', async () => {
    const ground = makeGround({
      states: ['NeedsMachineAuth', 'NeedsMachineAuth', 'NeedsMachineAuth', 'Running'],
    });
    const notes: string[] = [];
    await joinFake(ground, { onNote: (text) => notes.push(text) });
    expect(notes).toEqual([expect.stringMatching(/^nara-backup-\d+ waits to be approved .* mesh\.test\.$/)]);
    const never = makeGround({ states: ['NeedsMachineAuth'] });
    const failure = await failureOf(joinFake(never, { joinTimeoutMs: 1000 }));
    expect(failure).toMatchObject({ code: 'MESH_TIMEOUT' });
    expect(`${failure.message} ${String(failure.hint)}`).toMatch(/state NeedsMachineAuth.*approve this node/);
  });

  it.each<[string, Behaviour]>([
    ['waits for the port', { isMute: true }],
    ['waits for being let in', { states: ['NeedsLogin'] }],
    ['waits for an answer', { hangs: ['start'] }],
  ])('is stopped while it %s', async (_what, behaviour) => {
    const ground = makeGround(behaviour);
    const stop = new AbortController();
    const failure = failureOf(joinFake(ground, { signal: stop.signal }));
    await expect.poll(() => ground.entries().length).toBeGreaterThan(behaviour.isMute ? 0 : 1);
    const reason = new MeshBackupError('INTERRUPTED', 'enough');
    stop.abort(reason);
    expect(await failure).toBe(reason);
    await expectNothingLeft(ground);
    const none = makeGround();
    expect(await failureOf(joinFake(none, { signal: stop.signal }))).toBe(reason);
    expect(none.entries()).toEqual([]);
  });

  it('leaves one that heeds nothing', async () => {
    const ground = makeGround({ hangs: ['logout', 'SIGTERM'] });
    const membership = await joinFake(ground);
    const fake = fakeOf(ground);
    await membership.leave();
    expect(isGone(fake)).toBe(true);
    expect(ground.calls().slice(-2)).toEqual(['POST logout', 'SIGTERM']);
    expect(ground.folders()).toEqual([]);
    await expectNothingLeft(ground);
  });

  it('notices that it ended', async () => {
    const ground = makeGround();
    const membership = await joinFake(ground);
    process.kill(fakeOf(ground).pid, 'SIGKILL');
    await expect.poll(() => ground.folders()).toEqual([]);
    const failure = await failureOf(membership.status());
    expect(failure).toMatchObject({ code: 'MESH_DAEMON' });
    expect(failure.message).toMatch(/^Failed to connect to mesh: tailscaled ended with status 137/);
    await membership.leave();
  });
});

describe('being called over the mesh', () => {
  const shielded = (ground: Ground): unknown[] =>
    ground
      .entries()
      .flatMap(({ call, json }) => (call === 'PATCH prefs' || call === 'POST serve-config' ? [json] : []));
  const tellCaller: OnCall = (socket, caller) => socket.end(caller);
  const portOf = (config: unknown): number =>
    Number((config as { TCP: { 7433: { TCPForward: string } } }).TCP[7433].TCPForward.split(':')[1]);
  const UP = { ShieldsUp: true, ShieldsUpSet: true };
  const DOWN = { ShieldsUp: false, ShieldsUpSet: true };

  it('opens one port, and closes it shields first', async () => {
    const ground = makeGround();
    const membership = await joinFake(ground);
    const close = await membership.receive(tellCaller, 7433);
    const [config, shields] = shielded(ground);
    const forward = expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string;
    expect(config).toEqual({ TCP: { 7433: { TCPForward: forward, ProxyProtocol: 1 } } });
    expect(shields).toEqual(DOWN);
    const port = portOf(config);
    expect(await say(port, proxyHeader('100.64.0.2'))).toBe('100.64.0.2');
    await expect(membership.receive(tellCaller, 7433)).rejects.toThrow('one port at a time');
    await Promise.all([close(), close()]);
    expect(shielded(ground)).toEqual([config, DOWN, UP, {}]);
    expect(await isOpen(port)).toBe(false);
    await (
      await membership.receive(tellCaller, 7433)
    )();
    expect(shielded(ground)).toHaveLength(8);
    expect(ground.calls()).not.toContain('SIGTERM');
  });

  it('ends when we leave', async () => {
    const ground = makeGround();
    const membership = await joinFake(ground);
    await membership.receive(tellCaller, 7433);
    const port = portOf(shielded(ground)[0]);
    await membership.leave();
    expect(shielded(ground).slice(2)).toEqual([UP, {}]);
    expect(ground.calls().slice(-2)).toEqual(['POST logout', 'SIGTERM']);
    expect(await isOpen(port)).toBe(false);
  });

  it('ends with tailscaled where the shields cannot be raised', async () => {
    const ground = makeGround({ refuses: [SHIELDS_UP] });
    const membership = await joinFake(ground);
    const close = await membership.receive(tellCaller, 7433);
    const port = portOf(shielded(ground)[0]);
    expect((await failureOf(close())).code).toBe('MESH_DAEMON');
    expect(ground.calls().slice(-2)).toEqual(['PATCH prefs', 'SIGTERM']);
    expect(await isOpen(port)).toBe(false);
    await expectNothingLeft(ground);
    expect((await failureOf(membership.status())).code).toBe('MESH_DAEMON');
  });

  it.each<[string, NonNullable<Behaviour['refuses']>[number], unknown[]]>([
    ['the port is not forwarded', ['POST', 'serve-config', 'TCP'], [{}]],
    ['the shields stay up', SHIELDS_DOWN, [DOWN, UP, {}]],
  ])('does not begin where %s', async (_what, refused, calls) => {
    const ground = makeGround({ refuses: [refused] });
    const membership = await joinFake(ground);
    expect((await failureOf(membership.receive(tellCaller, 7433))).code).toBe('MESH_DAEMON');
    expect(shielded(ground).slice(1)).toEqual(calls);
    expect(await isOpen(portOf(shielded(ground)[0]))).toBe(false);
    expect((await membership.status()).state).toBe('Running');
  });
});
