import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { callerBySocket, CallServer } from '../../src/mesh/call-server.ts';
import { Introducer } from '../../src/mesh/introducer.ts';
import type { Membership } from '../../src/mesh/membership.ts';
import type { IntroductionRule } from '../../src/sandbox/introduction.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import type { Introduce } from '../../src/sync/walk-peer.ts';
import { alice, startBob, truth, walk } from './walking.ts';

/** A free port, for a responder that is opened and closed. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Introduces by this port of loopback; `onOpen` is told each time that it is opened. */
function introducerAt(port: number, { name, ...keypair }: typeof alice, onOpen: () => void): Introducer {
  const receive: Membership['receive'] = async (onCall) => {
    onOpen();
    const server = new CallServer(onCall, callerBySocket);
    await server.listen(port, '127.0.0.1');
    return () => server.close();
  };
  return new Introducer({ receive }, { name, keypair });
}

/** bob, who has never heard of alice, and how she is introduced to him; `times` counts it. */
async function strangers(
  requester = alice,
): Promise<{ bob: SandboxNara; introduce: Introduce; times: () => number }> {
  const port = await freePort();
  const introduction: IntroductionRule = { addressPrefix: '127.', port };
  const bob = await startBob([], { knownKeys: new Map(), introduction });
  let times = 0;
  const introducer = introducerAt(port, requester, () => times++);
  const introduce: Introduce = (ask, onTold) => introducer.during('127.0.0.1', ask, onTold);
  return { bob, introduce, times: () => times };
}

const LIMITS = { idleTimeoutMs: 10_000, firstByteTimeoutMs: 10_000 };

it('nobody is introduced unasked', async () => {
  const { bob } = await strangers();
  const { codes, lines } = await walk(bob.url, LIMITS);
  expect([codes, lines.length]).toEqual([['PEER_UNKNOWN_SENDER'], 0]);
  expect([...bob.keys.keys()]).toEqual(['bob']);
});

it('who is introduced is known, walked whole at once, and warned of', async () => {
  const { bob, introduce, times } = await strangers();
  const { report, state, lines } = await walk(bob.url, { ...LIMITS, introduce });
  expect(state).toBe('complete');
  expect(new Set(lines).size).toBe(truth.length);
  expect(times()).toBe(1);
  expect(bob.keys.get('alice')).toBe(alice.publicKey);
  expect(report.warnings).toEqual([expect.stringContaining('deletes its events about us')]);
});

it('a peer that knows us is never asked to call back', async () => {
  const { introduce, times } = await strangers();
  const bob = await startBob();
  const { state, report } = await walk(bob.url, { ...LIMITS, introduce });
  expect([state, times(), report.warnings]).toEqual(['complete', 0, []]);
});

it('other refusals are no reason to be introduced', async () => {
  const { introduce, times } = await strangers();
  const late = await startBob(['skew:-100']);
  expect((await walk(late.url, { ...LIMITS, introduce })).codes).toEqual(['PEER_CLOCK']);
  expect(times()).toBe(0);
});

it('an introduction that does not help leaves the refusal, once, with a warning: the peer was told', async () => {
  const mallory = makeIdentity('mallory', new Prng('mallory'));
  const { bob, introduce } = await strangers(mallory);
  const { codes, report } = await walk(bob.url, { ...LIMITS, introduce });
  expect([codes, report.warnings.length]).toEqual([['PEER_UNKNOWN_SENDER'], 1]);
});

it('a peer that asks around for long finds the request too old, and is asked once more', async () => {
  const port = await freePort();
  let lateLooks = 0;
  const slow = await startBob([], {
    knownKeys: new Map(),
    introduction: { addressPrefix: '127.', port },
    clock: () => BigInt(Date.now()) * 1_000_000n + (lateLooks-- > 0 ? 3_600_000_000_000n : 0n),
  });
  const server = createServer((_, response) => {
    lateLooks = 1; // its next look at the clock, after this, is an hour later
    response.end(JSON.stringify({ from: 'alice', public_key: alice.publicKey }));
  });
  onTestFinished(() => void server.close());
  const introduce: Introduce = async (ask) => {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return ask();
  };
  expect((await walk(slow.url, { ...LIMITS, introduce })).state).toBe('complete');
  expect(slow.requests.filter(({ path, status }) => path === '/events/sync' && status === 401).length).toBe(
    2,
  );
});

it('a peer may take its time until it knows us, also after its first refusal', async () => {
  const port = await freePort();
  const slow = await startBob([], { knownKeys: new Map(), introduction: { addressPrefix: '127.', port } });
  const server = createServer((_, response) => {
    setTimeout(() => response.end(JSON.stringify({ from: 'alice', public_key: alice.publicKey })), 2500);
  });
  onTestFinished(() => void server.close());
  const introduce: Introduce = async (ask) => {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return ask();
  };
  const bounds = { firstByteTimeoutMs: 20_000, idleTimeoutMs: 1500 };
  expect((await walk(slow.url, { ...bounds, introduce })).state).toBe('complete');
  const asked = slow.requests.filter(({ path }) => path === '/events/sync');
  const [first] = asked;
  expect(asked.filter(({ body }) => body === first!.body).map(({ status }) => status)).toEqual([401, 200]);
});

it('a peer that forgets us again is not told once more', async () => {
  const { bob, introduce, times } = await strangers();
  const onPage = (): void => void (bob.keys as Map<string, string>).delete('alice');
  const { codes } = await walk(bob.url, { ...LIMITS, introduce, onPage });
  expect([codes, times()]).toEqual([['PEER_UNKNOWN_SENDER'], 1]);
});

it('a peer that was told has all its time from then on: what it holds about us goes soon', async () => {
  const port = await freePort();
  const introduction: IntroductionRule = { addressPrefix: '127.', port };
  const slow = await startBob(['delay:1000'], { knownKeys: new Map(), introduction });
  const introducer = introducerAt(port, alice, () => undefined);
  const introduce: Introduce = (ask, onTold) => introducer.during('127.0.0.1', ask, onTold);
  const bounds = { ...LIMITS, timeoutMs: 3500, pageSize: 100 };
  expect((await walk(slow.url, { ...bounds, introduce })).state).toBe('complete');
});
