import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { canBeNara, discover, type Discovery } from '../../src/mesh/discover.ts';
import { PeerHttp } from '../../src/mesh/http.ts';
import { parseTailnetStatus, type TailnetMachine } from '../../src/mesh/tailnet-status.ts';
import { startNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { startMeshProxy, type Places } from './mesh-proxy.ts';

const BOB = makeIdentity('bob', new Prng('bob'));

function machine(address: string, changes: Partial<TailnetMachine> = {}): TailnetMachine {
  return { hostName: 'some', addresses: [address], isOnline: true, isExpired: false, ...changes };
}

async function startBob(): Promise<string> {
  const nara = await startNara({ identity: BOB });
  onTestFinished(() => nara.close());
  return nara.url;
}

async function look(
  machines: readonly TailnetMachine[],
  places: Places,
  signal = new AbortController().signal,
): Promise<Discovery & { asked: readonly string[] }> {
  const { proxy, asked } = await startMeshProxy(places);
  const http = new PeerHttp({ connectTimeoutMs: 150, proxy });
  onTestFinished(() => http.close());
  const found = await discover(machines, { http, port: 7433, pingTimeoutMs: 150, signal });
  return { ...found, asked };
}

it('tells naras from other machines and from silent ones, each tried twice', async () => {
  const web = createServer((_, response) => response.end('<html>'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void web.close());
  const found = await look(
    [
      machine('100.64.0.1', { hostName: 'bob-x1y2' }),
      machine('100.64.0.2', { hostName: 'printer' }),
      machine('100.64.0.3', { hostName: 'phone' }),
      machine('100.64.0.4', { hostName: 'nobody' }),
    ],
    {
      '100.64.0.1:7433': await startBob(),
      '100.64.0.2:7433': `http://127.0.0.1:${(web.address() as AddressInfo).port}`,
      '100.64.0.3:7433': 'silent',
    },
  );
  expect(
    found.naras.map(({ peer, hostName, key }) => [peer.name, peer.url.href, hostName, key?.text]),
  ).toEqual([['bob', 'http://100.64.0.1:7433/', 'bob-x1y2', BOB.publicKey]]);
  expect(found.naras[0]!.peer.publicKey).toBeUndefined(); // what /ping claims pins nothing
  expect(found.others).toBe(1);
  expect(found.silent.map(({ hostName }) => hostName)).toEqual(['phone', 'nobody']);
  const tries = (host: string): number => found.asked.filter((one) => one.startsWith(host)).length;
  expect([tries('100.64.0.1'), tries('100.64.0.2'), tries('100.64.0.3'), tries('100.64.0.4')]).toEqual([
    1, 1, 2, 2,
  ]);
});

it('dials no address that is not of a tailnet, whatever the status says, and IPv4 first', async () => {
  const url = await startBob();
  const odd = [
    '127.0.0.1',
    '10.0.0.1',
    '8.8.8.8',
    '::1',
    'localhost',
    '',
    'evil.example',
    'fd7a:115c:a1e0::8%eth0',
  ].map((one) => machine(one));
  const places = { '100.64.0.9:7433': url, '[fd7a:115c:a1e0::7]:7433': url };
  const found = await look(
    [
      ...odd,
      machine('', { addresses: ['fd7a:115c:a1e0::9', '100.64.0.9'] }),
      machine('', { addresses: ['8.8.8.8', 'fd7a:115c:a1e0::7'] }),
    ],
    places,
  );
  expect([...found.asked].sort()).toEqual(Object.keys(places).sort());
  expect(found.naras.length).toBe(2);
});

it('asks of a recorded tailnet whom it may: online, not expired, no backup of somebody', () => {
  const recorded = readFileSync('fixtures/vectors/localapi-status-mixed.json', 'utf8');
  const status = parseTailnetStatus(JSON.parse(recorded))!;
  expect(status).toMatchObject({
    state: 'Running',
    health: [],
    tailnet: '10.77.0.1',
    version: '1.92.4-ERR-BuildInfo',
  });
  expect(status.self).toMatchObject({ hostName: 'laptop', addresses: ['100.64.0.40', 'fd7a:115c:a1e0::28'] });
  expect(status.machines.length).toBe(8);
  const names = status.machines.filter(canBeNara).map(({ hostName }) => hostName);
  expect(names.sort()).toEqual(['n1-ar6v', 'n2-508x', 'n3-kx7z', 'n4-sqfs']);
  const online = {
    ...status.machines.find(({ hostName }) => hostName === 'nara-backup-7777')!,
    isOnline: true,
  };
  expect(canBeNara({ ...online, isExpired: false })).toBe(false);
  expect(canBeNara({ ...online, isExpired: false, hostName: 'n9' })).toBe(true);
  expect(canBeNara({ ...online, isExpired: true, hostName: 'n9' })).toBe(false);
});

it.each([null, [], 'x', {}, { BackendState: 5 }])('a status that is none is none: %j', (json) => {
  expect(parseTailnetStatus(json)).toBeUndefined();
});

it('of a status that is damaged in parts the rest counts', () => {
  const Peer = {
    a: 5,
    b: { HostName: 7, TailscaleIPs: null, Online: 'yes' },
    c: { HostName: 'c', Online: true },
  };
  expect(parseTailnetStatus({ BackendState: 'NeedsLogin', Health: 'ill', Peer, Self: 3 })).toEqual({
    version: '',
    state: 'NeedsLogin',
    health: [],
    tailnet: '',
    self: undefined,
    machines: [
      { hostName: '', addresses: [], isOnline: false, isExpired: false },
      { hostName: 'c', addresses: [], isOnline: true, isExpired: false },
    ],
  });
});

it('stops at once when it is told to', async () => {
  const stop = new AbortController();
  const looking = look([machine('100.64.0.3')], { '100.64.0.3:7433': 'silent' }, stop.signal);
  stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped.'));
  await expect(looking).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

it('gives up a machine that drips bytes: the time-out is wall clock', async () => {
  const dripping = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => {
      clearInterval(timer);
    });
  });
  await new Promise<void>((resolve) => dripping.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    dripping.close();
    dripping.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(dripping.address() as AddressInfo).port}`;
  const found = await look([machine('100.64.0.1')], { '100.64.0.1:7433': url });
  expect(found.silent.length).toBe(1);
});
