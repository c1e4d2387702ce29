import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkDump } from '../../src/sandbox/check-dump.ts';
import { startNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { startMesh, type SandboxMesh } from '../../src/sandbox/mesh.ts';
import { startMeshProxy } from '../mesh/mesh-proxy.ts';
import { expectNothingLeft, FAKE, KEY, makeGround, type Behaviour, type Ground } from '../mesh/own-mesh.ts';
import { run, type Finished } from './spawn.ts';

const SCRIPT = 'bin/dump-events.js';
const QUICK = ['--ping-timeout', '300ms', '--connect-timeout', '300ms'];
const ALICE: readonly [string, string] = ['alice-a1a1', '100.64.0.1'];
const BOB: readonly [string, string] = ['bob-b1b1', '100.64.0.2'];
const CAROL: readonly [string, string] = ['carol-c1c1', '100.64.0.3'];
const PRINTER: readonly [string, string] = ['printer', '100.64.0.8'];

type Doing = Behaviour & { readonly home?: string };

interface World {
  readonly mesh: SandboxMesh;
  /** A run with another behaviour of the fake, of the same user. */
  readonly dump: (behaviour: Doing, ...flags: string[]) => Promise<Finished & { readonly ground: Ground }>;
  readonly state: string;
  /** What answers where; may be changed. */
  readonly places: Record<string, string>;
}

/** alice, bob and carol behind a fake tailscaled; `more` answers elsewhere. */
async function makeWorld(more: Record<string, string> = {}): Promise<World> {
  const mesh = await startMesh({ naras: 3, eventsPerNara: 60 });
  onTestFinished(() => mesh.close());
  const [alice, bob, carol] = mesh.naras.map(({ url }) => url) as [string, string, string];
  const places = { '100.64.0.1:7433': alice, '100.64.0.2:7433': bob, '100.64.0.3:7433': carol, ...more };
  const { proxy } = await startMeshProxy(places);
  const folder = mkdtempSync(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'soul'), mesh.requester.soul);
  writeFileSync(join(folder, 'key'), `${KEY}\n`);
  const state = join(folder, 'state');
  return {
    mesh,
    places,
    state: join(state, 'mesh-backup', 'peers.json'),
    async dump({ home, ...behaviour }, ...flags) {
      const ground = makeGround({ proxy: Number(new URL(proxy.http!).port), ...behaviour });
      const places = home === undefined ? { XDG_STATE_HOME: state } : { HOME: home };
      const env = { ...(ground.env as Record<string, string>), ...places };
      const who = ['-name', 'alice', '--soul-file', join(folder, 'soul'), ...QUICK];
      const way = ['--mesh', 'own', '--tailscaled', FAKE, '--login-server', 'https://mesh.test'];
      const args = [...who, ...way, '--authkey-file', join(folder, 'key'), ...flags];
      const finished = await run(SCRIPT, args, { env });
      await expectNothingLeft(ground);
      expect(finished.stderr + finished.stdout).not.toContain(KEY);
      return { ...finished, ground };
    },
  };
}

function expectAllOf(mesh: SandboxMesh, names: readonly string[], { stdout }: Finished): void {
  const held = mesh.naras.filter(({ name }) => names.includes(name)).flatMap(({ ledger }) => ledger);
  const lines = stdout.split('\n').slice(0, -1);
  expect(
    checkDump(
      held.map(({ line }) => line),
      lines,
    ),
  ).toMatchObject({ missing: 0, foreign: 0, doubled: 0 });
}

describe('with no peers named', () => {
  test('joins, finds the naras, dumps quietly, remembers them, and leaves', async () => {
    const { mesh, dump, state } = await makeWorld();
    const finished = await dump({
      machines: [[ALICE, BOB, CAROL, PRINTER, ['nara-backup-5', '100.64.0.7']]],
    });
    expect(finished).toMatchObject({ status: 0, stderr: '' });
    expectAllOf(mesh, ['alice', 'bob', 'carol'], finished);
    expect(finished.ground.calls()).toEqual([
      'POST start',
      'POST login-interactive',
      'POST logout',
      'SIGTERM',
    ]);
    const known = JSON.parse(readFileSync(state, 'utf8')) as {
      tailnets: { name: string; naras: object[] }[];
    };
    expect(known.tailnets.map(({ name, naras }) => [name, naras.length])).toEqual([['fake.test', 3]]);
  });

  test('-verbose tells who is there; a dry run remembers nobody', async () => {
    const { dump, state } = await makeWorld();
    const { stderr } = await dump({ machines: [[ALICE, BOB, PRINTER]] }, '-verbose', '--dry-run');
    expect(stderr).toContain('Asking 3 of 3 machines who they are');
    expect(stderr).toContain('2 naras, 0 something else, 1 silent');
    expect(stderr).toContain('no answer from printer (100.64.0.8)');
    expect(stderr).toContain('📡 Discovered 2 peers (using 5 workers)');
    expect(existsSync(state)).toBe(false);
  });

  test('who comes while others are walked is walked, too', async () => {
    const { mesh, dump } = await makeWorld();
    const finished = await dump({ machines: [[ALICE], [ALICE], [ALICE, BOB]] }, '-verbose');
    expectAllOf(mesh, ['alice', 'bob'], finished);
    expect(finished.stderr).toContain('📡 1 more peers came');
    expect(finished.stderr).toMatch(/\[2\/2\] Got \d+ events from bob/);
  });

  test('--only and --skip choose by name', async () => {
    const { mesh, dump } = await makeWorld();
    const machines = [[ALICE, BOB, CAROL]];
    const only = await dump({ machines }, '-verbose', '--only', 'bob,carol', '--skip', 'carol');
    expect(only.stderr).toContain('Discovered 1 peers');
    expectAllOf(mesh, ['bob'], only);
  });

  test('nobody there: the page of the original says what to do', async () => {
    const { dump } = await makeWorld();
    const { status, stderr } = await dump({ machines: [[PRINTER]] });
    expect(status).toBe(14);
    expect(stderr).toContain('No peers discovered on mesh');
    expect(stderr).toContain('Are other naras online? Wait a few minutes; -verbose');
  });

  test('who was here and is not is missed by name, who is silent is tried, and counts', async () => {
    const { dump, places } = await makeWorld();
    await dump({ machines: [[ALICE, BOB, CAROL]] });
    const absent = await dump({ machines: [[ALICE, BOB]] });
    expect(absent.status).toBe(0);
    expect(absent.stderr).toMatch(/^⚠️ {2}carol was here on \d+ \w+ \d{4}, not today\n$/);
    places['100.64.0.3:7433'] = 'silent';
    const silent = await dump({ machines: [[ALICE, BOB, CAROL]] });
    expect(silent.status).toBe(3);
    expect(silent.stderr).toMatch(/carol was here on .*; its machine is online, but nothing answers at/);
    expect(silent.stderr).toContain('Failed to fetch from carol');
    const skipped = await dump({ machines: [[ALICE, BOB]] }, '--skip', 'carol');
    expect(skipped).toMatchObject({ status: 0, stderr: '' });
  });

  test('a silent machine that may be a nara is named, and is no failure', async () => {
    const { dump } = await makeWorld({ '100.64.0.9:7433': 'silent' });
    const { status, stderr } = await dump({ machines: [[ALICE, ['dave-d1d1', '100.64.0.9'], PRINTER]] });
    expect(status).toBe(0);
    expect(stderr).toBe('⚠️  no answer from dave-d1d1 (100.64.0.9), which is online and may be a nara\n');
  });

  test('another key under a known name is told loudly, and both are walked', async () => {
    const impostor = await startNara({ identity: makeIdentity('bob', new Prng('mallory')) });
    onTestFinished(() => impostor.close());
    const { dump } = await makeWorld({ '100.64.0.9:7433': impostor.url });
    await dump({ machines: [[ALICE, BOB]] });
    const { stderr } = await dump({ machines: [[ALICE, BOB, ['bob-m1m1', '100.64.0.9']]] });
    expect(stderr).toContain('bob SHOWS ANOTHER KEY than on');
    expect(stderr).toContain(impostor.publicKey);
    expect(stderr).toContain('2 machines with different keys call themselves bob');
    expect(stderr).toContain(
      'Failed to fetch from bob: HTTP 401: Authentication failed: unknown sender: alice',
    );
  });

  test('a liar who comes late is told, too, and nobody is told twice', async () => {
    const liar = await startNara({ identity: makeIdentity('bob', new Prng('mallory')) });
    onTestFinished(() => liar.close());
    const { dump } = await makeWorld({ '100.64.0.9:7433': liar.url });
    await dump({ machines: [[ALICE, BOB]] });
    const late = [ALICE, ['bob-m1m1', '100.64.0.9']] as const;
    const { stderr } = await dump({ machines: [[ALICE], [ALICE], late] });
    expect(stderr).toContain('bob was here on');
    expect(stderr.match(/bob SHOWS ANOTHER KEY than on/g)?.length).toBe(1);
  });

  test('who was silent at first and answers later is walked', async () => {
    const { dump, places, mesh } = await makeWorld();
    places['100.64.0.2:7433'] = 'silent';
    const wakeUp = setInterval(() => {
      if (mesh.naras[0]!.requests.some(({ path }) => path === '/events/sync')) {
        places['100.64.0.2:7433'] = mesh.naras[1]!.url;
      }
    }, 5);
    onTestFinished(() => {
      clearInterval(wakeUp);
    });
    const finished = await dump({ machines: [[ALICE, BOB]] });
    expectAllOf(mesh, ['alice', 'bob'], finished);
    expect(finished.status).toBe(0);
  });

  test('without a home nobody is noted, and the dump is as good', async () => {
    const { dump, mesh } = await makeWorld();
    const finished = await dump({ machines: [[ALICE]], home: '' }, '-verbose');
    expect(finished.status).toBe(0);
    expectAllOf(mesh, ['alice'], finished);
    expect(finished.stderr).toContain('Who was here is not noted');
  });

  test('names that nobody bears are told', async () => {
    const { dump } = await makeWorld();
    const { stderr } = await dump({ machines: [[ALICE]] }, '--introduce', 'bbo');
    expect(stderr).toContain('--introduce: no peer here is called bbo');
  });

  test('--json names who is missing, changed and silent', async () => {
    const { dump } = await makeWorld();
    await dump({ machines: [[ALICE, BOB]] });
    const { stderr } = await dump({ machines: [[ALICE, PRINTER]] }, '--json');
    const records = stderr
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { type: string });
    expect(records.find(({ type }) => type === 'roll-call')).toMatchObject({
      missing: [{ name: 'bob', isSilent: false }],
      changed: [],
      contested: [],
      silent: [{ hostName: 'printer', addresses: ['100.64.0.8'] }],
    });
  });

  test('a memory that is not ours is left alone, and is no failure', async () => {
    const { dump, state } = await makeWorld();
    await dump({ machines: [[ALICE]] });
    writeFileSync(state, 'mine');
    const { status, stderr } = await dump({ machines: [[ALICE]] });
    expect(status).toBe(0);
    expect(stderr).toContain('Who was here before is not known');
    expect(readFileSync(state, 'utf8')).toBe('mine');
  });
});

describe('with peers named', () => {
  test('--mesh own reaches them through our daemon and looks for nobody else', async () => {
    const { mesh, dump } = await makeWorld();
    const peers = ['--peer', 'http://100.64.0.2:7433', '-verbose'];
    const finished = await dump({ machines: [[ALICE, BOB, CAROL]] }, ...peers);
    expectAllOf(mesh, ['bob'], finished);
    expect(finished.stderr).toContain('Discovered 1 peers');
  });
});

describe('a way onto the mesh that is none', () => {
  const NONE = ['--tailscale-socket', '/nowhere/s.sock'];
  const dumpWith = (args: readonly string[], env: Record<string, string> = {}): Promise<Finished> =>
    run(SCRIPT, ['-name', 'alice', ...args], { env: { NARA_SOUL: ALICE_SOUL, ...env } });

  test('auto names the three ways', async () => {
    const { status, stderr } = await dumpWith(NONE);
    expect(status).toBe(14);
    for (const way of [
      '--peer ',
      'no tailscaled at /nowhere/s.sock',
      '--login-server',
      '-show-default-credentials',
    ]) {
      expect(stderr).toContain(way);
    }
  });

  test.each([
    ['no key', ['--login-server', 'https://x.test'], {}, 2],
    ['no login server', [], { TS_AUTHKEY: KEY }, 2],
    ['two keys', ['--authkey', KEY, '--authkey-file', '/nowhere'], {}, 2],
    ['a key with a blank', ['--login-server', 'https://x.test', '--authkey', `${KEY} x`], {}, 2],
    ['the key as the server', ['--login-server', KEY, '--authkey', KEY], {}, 2],
    ['a server with credentials', ['--login-server', `https://u:${KEY}@x.test`, '--authkey', KEY], {}, 2],
    [
      'no such program',
      ['--tailscaled', '/nowhere/tailscaled'],
      { TS_AUTHKEY: KEY, HEADSCALE_URL: 'https://x' },
      14,
    ],
  ])('own: %s', async (_, args, env, expected) => {
    const { status, stderr } = await dumpWith(['--mesh', 'own', ...args], env);
    expect([status, stderr.includes(KEY)]).toEqual([expected, false]);
    expect(stderr).toContain('Error: ');
  });

  test('host: no daemon there', async () => {
    const { status, stderr } = await dumpWith(['--mesh', 'host', ...NONE]);
    expect(status).toBe(14);
    expect(stderr).toContain('Failed to connect to mesh: no tailscaled at /nowhere/s.sock');
  });

  test('a refused key is said, and not shown', async () => {
    const { dump } = await makeWorld();
    const said = `You are logged out. The last login error was: invalid pre auth key ${KEY}`;
    const { status, stderr } = await dump({ states: ['NeedsLogin'], health: { NeedsLogin: [said] } });
    expect(status).toBe(12);
    expect(stderr).toContain(
      'Failed to connect to mesh: the login server refuses the auth key: invalid pre auth key',
    );
  });

  test('auto goes by itself where the server and the key are in the environment', async () => {
    const { mesh } = await makeWorld();
    const url = mesh.naras[0]!.url;
    const { proxy } = await startMeshProxy({ '100.64.0.1:7433': url });
    const ground = makeGround({ machines: [[ALICE]], proxy: Number(new URL(proxy.http!).port) });
    const env = {
      ...(ground.env as Record<string, string>),
      XDG_STATE_HOME: ground.place,
      NARA_HEADSCALE_URL: 'https://mesh.test',
      TS_AUTHKEY: KEY,
      NARA_SOUL: mesh.requester.soul,
    };
    const finished = await run(SCRIPT, ['-name', 'alice', ...NONE, '--tailscaled', FAKE], { env });
    expect(finished).toMatchObject({ status: 0, stderr: '' });
    const [launch, start] = ground.entries();
    expect(JSON.stringify(launch)).not.toContain(KEY);
    expect(launch!.env).not.toHaveProperty('NARA_SOUL');
    expect(start!.json).toMatchObject({ AuthKey: KEY, UpdatePrefs: { ControlURL: 'https://mesh.test' } });
  });

  test.each([
    ['--since', '30d'],
    ['--until', '30d'],
    ['--svc', 'ping'],
    ['--nara', 'bob'],
  ])('--introduce with %s would lose what is not asked for', async (...filter) => {
    const { status, stderr } = await dumpWith(['--introduce', 'all', ...filter]);
    expect(status).toBe(2);
    expect(stderr).toContain('--introduce is for whole dumps');
  });

  test('--only among peers that are named is a mistake', async () => {
    const { status } = await dumpWith(['--peer', 'http://127.0.0.1:9', '--only', 'bob']);
    expect(status).toBe(2);
  });

  test('--introduce off the mesh cannot be', async () => {
    const { status, stderr } = await dumpWith(['--peer', 'http://127.0.0.1:9', '--introduce', 'all']);
    expect(status).toBe(2);
    expect(stderr).toContain('peers call us back there');
  });
});

const ALICE_SOUL = makeIdentity('alice', new Prng('alice')).soul;
