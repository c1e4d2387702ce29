import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startControl, INACTIVE_MS, type Control } from './control.ts';
import { joinNode, startNode, type RunningNode } from './node.ts';
import { until } from './until.ts';

let control: Control;
let [one, two] = [] as unknown as [RunningNode, RunningNode];
const page = createServer((_, response) => response.end('here'));

beforeAll(async () => {
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  control = await startControl();
  const forwards = { 7433: pagePort() };
  [one, two] = await Promise.all([
    joinNode(control, { hostName: 'one', forwards }),
    joinNode(control, { hostName: 'two', forwards }),
  ]);
});

afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await control.close();
  page.close();
});

function pagePort(): number {
  return (page.address() as AddressInfo).port;
}

/** How `one` sees the node of a name: `online`, `offline` or `gone`. */
async function seen(hostName: string): Promise<string> {
  const machine = (await one.status()).machines.find((found) => found.hostName === hostName);
  return machine === undefined ? 'gone' : machine.isOnline ? 'online' : 'offline';
}

async function whenSeen(hostName: string, how: 'online' | 'offline' | 'gone', maxMs = 10_000): Promise<void> {
  await until(`${hostName} is ${how}`, maxMs, async () => (await seen(hostName)) === how);
}

describe('the network', () => {
  test('has no way out', () => {
    const links = execFileSync('ip', ['-oneline', 'link'], { encoding: 'utf8' });
    const names = [...links.matchAll(/^\d+: (\S+):/gm)].map((match) => match[1]);
    // Both ends of the cable name each other: an end that was elsewhere would be `@if2`.
    expect(names.sort()).toEqual(['lo', 'mesh0@mesh1', 'mesh1@mesh0']);
  });
});

describe('nodes', () => {
  test('see each other and reach what is behind each other', async () => {
    await whenSeen('two', 'online');
    expect((await one.status()).machines).toEqual([
      { hostName: 'two', address: two.address, isOnline: true },
    ]);
    expect(await one.fetch(`http://${two.address}:7433/`)).toBe('here');
    expect(await two.fetch(`http://${one.address}:7433/`)).toBe('here');
  });

  test('are not let in with a wrong key', async () => {
    const node = await startNode(control, { hostName: 'wrong', authKey: 'tskey-auth-wrong' });
    const health = await until('it is refused', 10_000, async () => {
      const { health: said } = await node.status();
      return said.find((text) => text.includes('login error'));
    });
    expect(health).toBe('You are logged out. The last login error was: invalid authkey');
    expect((await node.status()).state).toBe('NeedsLogin');
    expect(await seen('wrong')).toBe('gone');
    await node.stop();
  });

  test('that are ephemeral go when they log out, when they end, and a while after they are killed', async () => {
    for (const way of ['logout', 'stop', 'kill'] as const) {
      const node = await joinNode(control, { hostName: way, isEphemeral: true });
      await whenSeen(way, 'online');
      await node[way]();
      if (way === 'kill') await whenSeen(way, 'offline');
      await whenSeen(way, 'gone', INACTIVE_MS + 5_000);
      await node.stop();
    }
  });

  test('that are not stay, offline, and are given an address of their own again', async () => {
    const node = await joinNode(control, { hostName: 'lasting' });
    await node.kill();
    await whenSeen('lasting', 'offline');
    const next = await joinNode(control, { hostName: 'next' });
    await whenSeen('next', 'online');
    const { machines } = await one.status();
    expect(new Set([...machines.map(({ address }) => address), one.address]).size).toBe(machines.length + 1);
    expect(await one.fetch(`http://${two.address}:7433/`)).toBe('here');
    await next.stop();
  });

  test('that are frozen are believed to be there, and answer nothing', async () => {
    two.freeze();
    try {
      await expect(one.fetch(`http://${two.address}:7433/`, AbortSignal.timeout(3_000))).rejects.toThrow();
      expect(await seen('two')).toBe('online');
    } finally {
      two.thaw();
    }
    expect(await one.fetch(`http://${two.address}:7433/`)).toBe('here');
  });
});

describe('a scan', () => {
  test('finds every port of the machine behind a node, and none where the shields are up', async () => {
    const ports = [7433, pagePort()];
    expect(await one.scan(two.address, ports)).toEqual(ports);
    const shielded = await joinNode(control, {
      hostName: 'shielded',
      shieldsUp: true,
      forwards: { 7433: pagePort() },
    });
    await whenSeen('shielded', 'online');
    expect(await one.scan(shielded.address, ports)).toEqual([]);
    expect(await shielded.scan(two.address, ports)).toEqual(ports);
    await shielded.stop();
  });
});
