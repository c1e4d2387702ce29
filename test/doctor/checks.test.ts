import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDaemon, findDaemons } from '../../src/doctor/daemon.ts';
import { checkDisk } from '../../src/doctor/disk.ts';
import { checkIdentity } from '../../src/doctor/identity.ts';
import { checkLogin } from '../../src/doctor/login.ts';
import { checkClocks, checkPeers } from '../../src/doctor/peers.ts';
import { checkVersions, LEAST_NODE } from '../../src/doctor/versions.ts';
import { MeshBackupError } from '../../src/errors.ts';
import { encodeSoul, parseSoul } from '../../src/identity/soul.ts';
import type { PeerSurvey } from '../../src/sync/survey-peer.ts';
import { alice } from '../sync/walking.ts';

describe('identity', () => {
  const check = (name: string | undefined, soul: string) => checkIdentity(name, () => Promise.resolve(soul));
  const bare = encodeSoul({ seed: parseSoul(alice.soul).seed, tag: undefined });

  test('whose soul it is', async () => {
    const own = await check('alice', alice.soul);
    expect(own.check).toMatchObject({ state: 'ok', text: expect.stringContaining(alice.naraId) as string });
    expect(own.keypair?.publicKey).toBe(alice.publicKey);
    expect((await check('alice', bare)).check.state).toBe('warning');
    expect((await check('bob', alice.soul)).check.state).toBe('warning');
    expect((await check(undefined, alice.soul)).check.state).toBe('failure');
  });

  test('none, or a broken one; and none is ever shown', async () => {
    const missing = new MeshBackupError('SOUL_MISSING', 'No soul was given.', { hint: 'Name one.' });
    expect(await checkIdentity('alice', () => Promise.reject(missing))).toEqual({
      check: {
        what: 'identity',
        state: 'failure',
        text: 'No soul was given. (SOUL_MISSING)',
        advice: 'Name one.',
      },
      keypair: undefined,
    });
    for (const [name, soul] of [
      ['alice', alice.soul],
      ['bob', alice.soul],
      ['alice', bare],
      ['alice', alice.soul.slice(1)],
      ['alice', `${alice.soul} `],
    ] as const) {
      expect(JSON.stringify((await check(name, soul)).check)).not.toContain(soul.trim());
    }
  });

  test('a mistake of ours is no finding', async () => {
    await expect(checkIdentity('alice', () => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
  });
});

describe.skipIf(process.platform === 'win32')('daemon', () => {
  test('one that answers, one to start, and none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
    const places = { socket: join(folder, 'socket'), program: join(folder, 'tailscaled'), env: {} };
    const look = async () => checkDaemon(await findDaemons(places), places, true);
    expect(await look()).toMatchObject({ state: 'warning' });
    expect(checkDaemon(await findDaemons(places), places, false)).toMatchObject({ state: 'skipped' });

    await writeFile(places.program, '#!/bin/sh\necho "1.2.3 $SECRET"\necho more\n');
    await chmod(places.program, 0o755);
    expect(await findDaemons({ ...places, env: { SECRET: 'x' } })).toEqual({
      host: 'none',
      programVersion: '1.2.3 x',
    });
    expect(await look()).toMatchObject({ state: 'ok' });

    const server = createServer();
    await new Promise<void>((resolve) => server.listen(places.socket, resolve));
    expect(await look()).toMatchObject({
      state: 'ok',
      text: `one answers on ${places.socket}, ${places.program} can be started`,
    });
    await new Promise((resolve) => server.close(resolve));
    await writeFile(places.program, '#!/bin/sh\nexit 1\n');
    expect((await findDaemons(places)).programVersion).toBeUndefined();
  });

  test('one that does not let us in', () => {
    const places = { socket: '/s', program: 'p', env: {} };
    const refused = checkDaemon({ host: 'refused', programVersion: undefined }, places, true);
    expect(refused).toMatchObject({ state: 'warning', text: expect.stringContaining('let us in') as string });
    expect(checkDaemon({ host: 'refused', programVersion: '1' }, places, true).state).toBe('ok');
  });
});

test('login', () => {
  expect(checkLogin('host').state).toBe('ok');
  expect(checkLogin('own').state).toBe('ok');
  expect(checkLogin('none').state).toBe('skipped');
  const refused = new MeshBackupError('MESH_KEY_REFUSED', 'no', { hint: 'Make a new one.' });
  expect(checkLogin(refused)).toMatchObject({ state: 'failure', advice: 'Make a new one.' });
});

function survey(label: string, clockOffsetMs: number | undefined, trouble?: MeshBackupError): PeerSurvey {
  return { label, clockOffsetMs, trouble } as PeerSurvey;
}

test('peers: who lets us in, and each who does not', () => {
  const cut = new MeshBackupError('PEER_CUT', 'cut', { hint: 'Mend it.' });
  const states = (surveys: PeerSurvey[]) => checkPeers(surveys, true).map(({ what, state }) => [what, state]);
  expect(states([])).toEqual([['peers', 'failure']]);
  expect(states([survey('bob', 0)])).toEqual([['peers', 'ok']]);
  expect(states([survey('bob', 0), survey('eve', 0, cut)])).toEqual([
    ['peers', 'warning'],
    ['peer eve', 'warning'],
  ]);
  expect(states([survey('eve', 0, cut)])[0]).toEqual(['peers', 'failure']);
  expect(checkPeers([survey('eve', 0, cut)], true)[1]).toMatchObject({
    text: 'cut (PEER_CUT)',
    advice: 'Mend it.',
  });
  expect(checkPeers([survey('bob', 0)], false)[0]!.text).toContain('takes a soul');
});

test.each<[(number | undefined)[], string, string?]>([
  [[], 'skipped'],
  [[undefined], 'skipped'],
  [[10_000, -3], 'ok'],
  [[-10_001, 1, 2], 'warning', 'that machine'],
  [[30_000], 'warning', 'this machine'],
  [[-30_001, -30_500, 1], 'failure', 'this machine'],
  [[31_000, 1, undefined, 1], 'failure', 'that machine'],
])('clocks %j: %s', (offsets, state, whose) => {
  const check = checkClocks(offsets.map((offset, number) => survey(`nara-${number}`, offset)));
  expect(check.state).toBe(state);
  if (whose === undefined) expect(check.advice).toBeUndefined();
  else expect(check.advice).toContain(whose);
});

describe('disk', () => {
  const at = (bytes: number) => checkDisk({ what: 'disk', folder: tmpdir() }, () => bytes);

  test.each([
    [Infinity, 'ok'],
    [2 ** 30, 'ok'],
    [2 ** 30 - 1, 'warning'],
    [100 * 2 ** 20, 'warning'],
    [100 * 2 ** 20 - 1, 'failure'],
  ])('%d bytes free', (bytes, state) => {
    expect(at(bytes).state).toBe(state);
  });

  test('a folder that is not there yet is made in one that is', () => {
    const check = checkDisk({ what: 'disk', folder: join(tmpdir(), 'not', 'there') }, () => 2 ** 40);
    expect(check).toEqual({ what: 'disk', state: 'ok', text: `${tmpdir()}: 1024.0 GiB free` });
  });

  test.skipIf(process.platform === 'win32')(
    'what takes no files: even root may not enter a file',
    async () => {
      const path = join(await mkdtemp(join(tmpdir(), 'mesh-backup-')), 'file');
      await writeFile(path, '');
      expect(checkDisk({ what: 'disk', folder: path })).toMatchObject({
        state: 'failure',
        text: `${path} cannot be written to`,
      });
    },
  );
});

test('versions: Node as package.json wants it', async () => {
  const json = JSON.parse(await readFile('package.json', 'utf8')) as { engines: { node: string } };
  expect(json.engines.node).toBe(`>=${LEAST_NODE.join('.')}`);
  const state = (node: string) => checkVersions({ ours: '1', node, tailscaled: undefined }).state;
  expect(['20.18.9', '18.99.0', '20.19.0', '21.0.0', '24.1.0'].map(state)).toEqual([
    'failure',
    'failure',
    'ok',
    'ok',
    'ok',
  ]);
  expect(checkVersions({ ours: '1', node: '22.0.0', tailscaled: '9' }).text).toBe(
    'mesh-backup 1, Node 22.0.0, tailscaled 9',
  );
});
