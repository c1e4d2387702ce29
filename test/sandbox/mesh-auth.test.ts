import { afterEach, describe, expect, it } from 'vitest';
import { formatGoDuration } from '../../src/sandbox/go-duration.ts';
import { startNara, type NaraOptions, type SandboxNara } from '../../src/sandbox/nara.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { headerOf, send, signHeaders, sync, type RawAnswer } from './client.ts';

const prng = new Prng('auth');
const [alice, bob, stranger] = [
  makeIdentity('alice', prng),
  makeIdentity('bob', prng),
  makeIdentity('stranger', prng),
];
const nowMs = 1_769_000_000_000n;
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(options: Partial<NaraOptions> = {}): Promise<SandboxNara> {
  const knownKeys = new Map([[alice.name, alice.publicKey]]);
  const nara = await startNara({ identity: bob, clock: () => nowMs * 1_000_000n, knownKeys, ...options });
  running.push(nara);
  return nara;
}

/** A good request but for these headers; an empty one is left out. */
async function ask(nara: SandboxNara, headers: Record<string, string> = {}, who = alice): Promise<RawAnswer> {
  const all = { ...signHeaders(who, 'POST', '/events/sync', nowMs), ...headers };
  return sync(
    nara,
    who,
    {},
    { headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')) },
  );
}

describe('mesh authentication', () => {
  it('lets a known name in, and its own', async () => {
    const nara = await start();
    expect((await ask(nara)).status).toBe(200);
    expect((await ask(nara, {}, bob)).status).toBe(200);
  });

  it.each([
    ['missing auth headers', { 'X-Nara-Name': '' }],
    ['missing auth headers', { 'X-Nara-Timestamp': '' }],
    ['missing auth headers', { 'X-Nara-Signature': '' }],
    ['invalid timestamp', { 'X-Nara-Timestamp': 'noon', 'X-Nara-Name': 'stranger' }],
    [
      'timestamp too old or in future: 30.001s',
      { 'X-Nara-Timestamp': String(nowMs - 30_001n), 'X-Nara-Name': 'stranger' },
    ],
    ['timestamp too old or in future: -30.001s', { 'X-Nara-Timestamp': String(nowMs + 30_001n) }],
    ['unknown sender: stranger', { 'X-Nara-Name': 'stranger', 'X-Nara-Signature': '!' }],
    ['invalid signature encoding', { 'X-Nara-Signature': '!' }],
    ['signature verification failed', { 'X-Nara-Timestamp': String(nowMs - 30_000n) }],
    ['signature verification failed', { 'X-Nara-Signature': 'AAAA' }],
  ])('refuses: %s', async (reason, headers) => {
    const answer = await ask(await start(), headers);
    expect(answer.status).toBe(401);
    expect(answer.body).toBe(`Authentication failed: ${reason}\n`);
    expect(headerOf(answer, 'X-Nara-Signature')).toBeUndefined();
  });

  it('checks before it looks at method and body', async () => {
    const nara = await start();
    expect((await send(nara.url, { method: 'GET', path: '/events/sync' })).status).toBe(401);
    const headers = signHeaders(alice, 'GET', '/events/sync', nowMs);
    expect((await send(nara.url, { method: 'GET', path: '/events/sync?x=1', headers })).status).toBe(405);
    for (const body of [
      '{"from":1}',
      '{"from":"a","cursor":3}',
      '{"from":"a","page_size":1.5}',
      '[]',
      '{"from":"a","services":["ping",1]}',
    ]) {
      const answer = await sync(nara, alice, {}, { unixMs: nowMs, body });
      expect([answer.status, answer.body]).toEqual([400, 'Invalid JSON\n']);
      expect(headerOf(answer, 'X-Nara-Signature')).toBeDefined();
    }
  });
});

describe('introduction', () => {
  const rule = (port: number) => ({ introduction: { addressPrefix: '127.0.0.', port } });

  it('asks the caller for its key, once', async () => {
    const caller = await start({ identity: stranger });
    const port = Number(new URL(caller.url).port);
    const nara = await start(rule(port));
    expect((await ask(nara, {}, stranger)).status).toBe(200);
    expect((await ask(nara, {}, stranger)).status).toBe(200);
    expect(caller.requests.map(({ path }) => path)).toEqual(['/ping']);
  });

  it('refuses who claims another name, has another key, calls from elsewhere or does not answer', async () => {
    const caller = await start({ identity: stranger });
    const port = Number(new URL(caller.url).port);
    const carol = makeIdentity('carol', prng);
    expect((await ask(await start(rule(port)), {}, carol)).body).toContain('unknown sender: carol');
    const impostor = makeIdentity('stranger', prng);
    expect((await ask(await start(rule(port)), {}, impostor)).body).toContain(
      'signature verification failed',
    );
    const elsewhere = await start({ introduction: { addressPrefix: '100.64.', port } });
    expect((await ask(elsewhere, {}, stranger)).body).toContain('unknown sender: stranger');
    await caller.close();
    expect((await ask(await start(rule(port)), {}, stranger)).body).toContain('unknown sender: stranger');
  });

  it('refuses when asking took too long, but remembers the key', async () => {
    let tooLate = false;
    const caller = await start({ identity: stranger, clock: () => ((tooLate = true), 0n) });
    const clock = (): bigint => (nowMs + (tooLate ? 30_010n : 0n)) * 1_000_000n;
    const nara = await start({ ...rule(Number(new URL(caller.url).port)), clock });
    tooLate = false; // it looked at its clock when it started
    expect((await ask(nara, {}, stranger)).body).toContain('timestamp too old or in future: 30.01s');
    tooLate = false;
    expect((await ask(nara, {}, stranger)).status).toBe(200);
    expect(caller.requests).toHaveLength(1);
  });
});

it.each([
  [0n, '0s'],
  [1n, '1ns'],
  [1_500n, '1.5µs'],
  [-2_000_000n, '-2ms'],
  [400_586_190_092n, '6m40.586190092s'],
  [3_600_000_000_000n, '1h0m0s'],
])('%i ns is %s in Go', (durationNs, text) => {
  expect(formatGoDuration(durationNs)).toBe(text);
});
