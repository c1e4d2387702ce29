import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ALL_ZERO_SOUL_KEY, PublicKey } from '../../src/identity/keypair.ts';
import { parsePeer, type PeerAddress } from '../../src/mesh/peer-list.ts';
import { makeNodeSigner } from '../../src/sandbox/node-signer.ts';
import { Prng } from '../../src/sandbox/prng.ts';
import { makeIdentity, type SandboxIdentity } from '../../src/sandbox/sandbox-identity.ts';
import { noteSignature } from '../../src/sync/acquaintance.ts';
import type { WalkReport } from '../../src/sync/walk-report.ts';
import { httpAnswer, type RawServer } from '../mesh/raw-server.ts';
import { alice, asked, bob, serveRaw, startBob, truth, walk } from './walking.ts';

const stranger = makeIdentity('stranger', new Prng('stranger'));

function pinned(url: string, key: string, name?: string): PeerAddress {
  return { ...parsePeer(url), name, publicKey: PublicKey.parse(key) };
}

interface Said {
  /** What `/ping` says; `undefined`: 404. */
  ping?: string;
  /** Name in the headers of signed answers; `undefined`: no such headers. */
  signsAs?: string;
  /** Name in the body. */
  from?: string;
}

const LINES = truth.slice(0, 5).map(({ line }) => line);

/** A nara of five events by hand, signing as `who`, for what the sandbox does not say. */
function serveByHand(who: Pick<SandboxIdentity, 'sign'>, said: Said): Promise<RawServer> {
  const { ping, signsAs, from = 'bob' } = said;
  return serveRaw((request, socket) => {
    if (request.startsWith('GET')) {
      socket.write(ping === undefined ? httpAnswer('', [], '404 Not Found') : httpAnswer(ping));
      return;
    }
    const ids = truth.slice(0, 5).map(({ id }) => id);
    const sig = who.sign(hash('sha256', `${from}:1768800000:${ids.join('')}`, 'buffer'));
    const body = `{"from":${JSON.stringify(from)},"events":[${LINES.join(',')}],"ts":1768800000,"sig":"${sig}"}\n`;
    if (signsAs === undefined) {
      socket.write(httpAnswer(body));
      return;
    }
    const signature = who.sign(Buffer.from(`${signsAs}1768800000000${hash('sha256', body, 'base64')}`));
    // As Go does: the bytes of the name's UTF-8.
    const name = Buffer.from(signsAs).toString('latin1');
    const headers = [
      `X-Nara-Name: ${name}`,
      'X-Nara-Timestamp: 1768800000000',
      `X-Nara-Signature: ${signature}`,
    ];
    socket.write(httpAnswer(body, headers));
  });
}

const pingOf = (from: string, key: string): string =>
  JSON.stringify({ from, mesh_ip: '', public_key: key, t: 1 });

describe('the key', () => {
  it('that is given for a peer must be the one that it shows', async () => {
    const nara = await startBob();
    expect(await walk(pinned(nara.url, bob.publicKey))).toMatchObject({
      state: 'complete',
      report: { proven: true },
    });
    const before = asked(nara).length;
    const other = await walk(pinned(nara.url, alice.publicKey));
    expect(other).toMatchObject({
      state: 'failed',
      codes: ['PEER_KEY'],
      report: { proven: false, claimedName: 'bob' },
    });
    expect(other.report.flaws[0]?.error.message).toBe(
      `shows the key ${bob.publicKey}, not ${alice.publicKey}`,
    );
    expect(asked(nara)).toHaveLength(before);
    expect(other.report.requests).toBe(0);
  });

  it.each(['no-ping', 'no-key'])('that is given stands in for one that is not shown: %s', async (fault) => {
    const nara = await startBob([fault]);
    const good = await walk(pinned(nara.url, bob.publicKey));
    expect(good).toMatchObject({
      state: 'complete',
      report: { proven: true, publicKey: bob.publicKey, warnings: [] },
    });
    const bad = await walk(pinned(nara.url, alice.publicKey));
    expect(bad).toMatchObject({ state: 'failed', codes: ['PEER_SIGNATURE'], lines: [] });
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', 'pong'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no key', '{"from":"bob"}'],
    ['an empty key', pingOf('bob', '')],
    ['half a key', pingOf('bob', bob.publicKey.slice(0, 20))],
    ['a key of small order', pingOf('bob', Buffer.alloc(32).toString('base64'))],
    ['a number for a key', '{"from":"bob","public_key":7}'],
    ['more than any nara', pingOf('bob', bob.publicKey) + ' '.repeat(100_000)],
  ])('is not known where /ping says %s: taken, and proves nothing', async (_what, ping) => {
    const { url } = await serveByHand(stranger, { ...(ping !== undefined && { ping }), signsAs: 'bob' });
    const walked = await walk(url);
    expect(walked).toMatchObject({
      state: 'complete',
      lines: LINES,
      report: { proven: false, publicKey: undefined },
    });
    expect(walked.report.warnings).toEqual(['shows no key: its answers prove nothing']);
  });

  it('is not learnt from an answer with an error status', async () => {
    const { url } = await serveRaw((request, socket) => {
      const isPing = request.startsWith('GET');
      socket.write(
        isPing ? httpAnswer(pingOf('bob', bob.publicKey), [], '500 Oops') : httpAnswer('{"events":null}'),
      );
    });
    const { report } = await walk(url);
    expect([report.publicKey, report.claimedName, report.proven]).toEqual([undefined, undefined, false]);
  });

  it('of the all-zero soul is warned of', async () => {
    const zero = makeNodeSigner(new Uint8Array(32));
    expect(zero.publicKey).toBe(ALL_ZERO_SOUL_KEY);
    const { url } = await serveByHand(zero, { ping: pingOf('bob', zero.publicKey), signsAs: 'bob' });
    const { report, state } = await walk(url);
    expect([state, report.proven]).toEqual(['complete', true]);
    expect(report.warnings).toEqual([expect.stringContaining('key of the all-zero soul')]);
  });

  it('that signed the body only is enough, with a warning', async () => {
    const { url } = await serveByHand(bob, { ping: pingOf('bob', bob.publicKey) });
    const { report, state, lines } = await walk(url);
    expect([state, report.proven, lines]).toEqual(['complete', true, LINES]);
    expect(report.warnings).toEqual([expect.stringContaining('signs the IDs of its events only')]);
    const liar = await serveByHand(stranger, { ping: pingOf('bob', bob.publicKey) });
    expect(await walk(liar.url)).toMatchObject({ codes: ['PEER_SIGNATURE'], lines: [] });
  });
});

describe('the name', () => {
  const ping = pingOf('bob', bob.publicKey);

  it('is as the user calls the peer, else as it calls itself, else its host', async () => {
    const nara = await startBob();
    const { report: own } = await walk(nara.url);
    expect([own.label, own.claimedName, own.warnings]).toEqual(['bob', 'bob', []]);
    const { report: given } = await walk(`robert=${nara.url}`);
    expect([given.label, given.claimedName, given.warnings]).toEqual(['robert', 'bob', ['calls itself bob']]);
    const silent = await startBob(['no-ping']);
    const { report: none } = await walk(silent.url);
    expect([none.label, none.claimedName]).toEqual([silent.url.slice('http://'.length), undefined]);
    const { url } = await serveByHand(bob, { ping: pingOf('', bob.publicKey), signsAs: 'bob' });
    expect((await walk(url)).report.label).toBe(url.slice('http://'.length));
  });

  it('that is signed counts before the one of /ping; the right key proves under any name', async () => {
    const { url } = await serveByHand(bob, { ping, signsAs: 'carol', from: 'carol' });
    const { report, state } = await walk(url);
    expect([state, report.proven, report.claimedName, report.label]).toEqual([
      'complete',
      true,
      'carol',
      'bob',
    ]);
    expect(report.warnings).toEqual(['signs as carol']);
  });

  it('is learnt from the signature where /ping tells none', async () => {
    const { url } = await serveByHand(bob, { signsAs: 'bob' });
    const { report } = await walk(pinned(url, bob.publicKey));
    expect([report.claimedName, report.proven, report.warnings]).toEqual(['bob', true, []]);
  });

  it.each(['zoë', '漢字 🌸'])('may be %s, in their headers and in ours', async (name) => {
    const { url, requests } = await serveByHand(bob, {
      ping: pingOf(name, bob.publicKey),
      signsAs: name,
      from: name,
    });
    const { report, state } = await walk(url, { requester: { name, keypair: alice } });
    expect([state, report.proven, report.claimedName, report.warnings]).toEqual(['complete', true, name, []]);
    // Requests are kept as latin1, that is, as bytes.
    const request = Buffer.from(requests[1]!, 'latin1').toString('utf8');
    const header = (key: string): string => new RegExp(`^${key}: (.*)\r$`, 'im').exec(request)![1]!;
    expect(header('x-nara-name')).toBe(name);
    expect(JSON.parse(request.split('\r\n\r\n')[1]!)).toMatchObject({ from: name });
    const message = Buffer.from(`${name}${header('x-nara-timestamp')}POST/events/sync`);
    expect(PublicKey.parse(alice.publicKey)!.verify(message, header('x-nara-signature'))).toBe(true);
  });

  it('of ours that no header can carry fails with a reason', async () => {
    const nara = await startBob();
    const { codes } = await walk(nara.url, { requester: { name: 'a\r\nX: y', keypair: alice } });
    expect(codes).toEqual(['USAGE']);
    expect(asked(nara)).toEqual([]);
  });
});

describe('a refusal', () => {
  it.each([
    [
      'a name that it does not know',
      { requester: { name: 'nobody', keypair: alice } },
      'PEER_UNKNOWN_SENDER',
      'unknown sender: nobody',
    ],
    [
      'a clock that is off',
      { now: () => Date.now() - 31_000 },
      'PEER_CLOCK',
      'timestamp too old or in future: 31',
    ],
    [
      'another soul',
      { requester: { name: 'alice', keypair: stranger } },
      'PEER_WRONG_SOUL',
      'signature verification failed',
    ],
  ])('of %s is told by its name', async (_what, options, code, text) => {
    const { report, state, codes } = await walk((await startBob()).url, options);
    expect([state, codes]).toEqual(['failed', [code]]);
    const { message, hint } = report.flaws[0]!.error;
    expect(message).toContain(`HTTP 401: Authentication failed: ${text}`);
    expect(hint).toBeDefined();
  });

  it.each([
    ['401 Unauthorized', 'Authentication failed: missing auth headers', 'PEER_REFUSED'],
    ['403 Forbidden', '', 'PEER_REFUSED'],
    ['404 Not Found', '<html>nginx</html>', 'PEER_STATUS'],
    ['500 Internal Server Error', '\u001b[31m'.repeat(1000), 'PEER_STATUS'],
    ['204 No Content', '', 'PEER_STATUS'],
  ])('of a host that is no nara: %s', async (status, text, code) => {
    const { url } = await serveRaw((_request, socket) => void socket.write(httpAnswer(text, [], status)));
    const { report, state, codes } = await walk(url);
    expect([state, codes]).toEqual(['failed', [code]]);
    expect(report.flaws[0]!.error.message.length).toBeLessThan(250);
    expect(report.warnings).toEqual(['shows no key: its answers prove nothing']);
  });

  it('by redirect is not followed: nothing is asked where it points', async () => {
    const target = await serveRaw((_request, socket) => void socket.write(httpAnswer('{"events":null}')));
    const { url } = await serveRaw((_request, socket) => {
      socket.write(httpAnswer('', [`Location: ${target.url}/events/sync`], '307 Temporary Redirect'));
    });
    const { codes, report } = await walk(url);
    expect(codes).toEqual(['PEER_REDIRECT']);
    expect(report.flaws[0]!.error.message).toBe(`HTTP 307 to ${target.url}/events/sync`);
    expect(target.connections.made).toBe(0);
  });

  it.each([
    ['http://127.0.0.1:1', 'PEER_UNREACHABLE'],
    ['http://no-such-host.invalid:7433', 'PEER_UNREACHABLE'],
  ])('to connect at all: %s', async (url, code) => {
    const { state, codes, report } = await walk(`carol=${url}`);
    expect([state, codes, report.label, report.requests]).toEqual(['failed', [code], 'carol', 0]);
  });

  it('to speak HTTP', async () => {
    const { url } = await serveRaw((_request, socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    expect(await walk(url)).toMatchObject({ state: 'failed', codes: ['PEER_MALFORMED'] });
  });
});

describe('the address', () => {
  it('may have a path, which the signature does not cover', async () => {
    const { url, requests } = await serveByHand(bob, { ping: pingOf('bob', bob.publicKey), signsAs: 'bob' });
    expect((await walk(`${url}/naras/bob/`)).state).toBe('complete');
    expect(requests.map((request) => request.split(' ').slice(0, 2).join(' '))).toEqual([
      'GET /naras/bob/ping',
      'POST /naras/bob/events/sync',
    ]);
    const [, timestamp] = /^x-nara-timestamp: (\d+)\r$/im.exec(requests[1]!)!;
    const [, signature] = /^x-nara-signature: (.*)\r$/im.exec(requests[1]!)!;
    const message = Buffer.from(`alice${timestamp!}POST/events/sync`);
    expect(PublicKey.parse(alice.publicKey)!.verify(message, signature!)).toBe(true);
  });
});

describe('proven', () => {
  it('is a peer only while every answer taken from it is signed', () => {
    const report = {
      proven: false,
      warnings: [],
      claimedName: undefined,
    } as unknown as WalkReport;
    const said = (['whole', 'ids', 'absent', 'whole'] as const).map((signature, at) => {
      noteSignature(report, { signature, signer: '' }, at === 0);
      return report.proven;
    });
    expect(said).toEqual([true, true, false, false]);
  });

  it('under a name of any length, which is not taken over', () => {
    const report = { proven: false, warnings: [], claimedName: 'bob' } as unknown as WalkReport;
    noteSignature(report, { signature: 'whole', signer: 'x'.repeat(1 << 20) }, true);
    expect(report).toMatchObject({ proven: true, claimedName: 'bob' });
    expect(report.warnings).toEqual(['signs under a name of 1048576 characters']);
  });
});
