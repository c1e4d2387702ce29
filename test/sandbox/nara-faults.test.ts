import { hash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { PublicKey } from '../../src/identity/keypair.ts';
import { parseFault } from '../../src/sandbox/faults.ts';
import { makeHistory } from '../../src/sandbox/history.ts';
import { startNara, type SandboxNara } from '../../src/sandbox/nara.ts';
import { cursorIn, headerOf, linesIn, send, sync, type RawAnswer, type RawRequest } from './client.ts';

const history = makeHistory({ naras: 2, eventsPerNara: 60, pageSize: 20 });
const [alice, bob] = history.naras as [(typeof history.naras)[number], (typeof history.naras)[number]];
const truth = history.ledgers[1]!;
const running: SandboxNara[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nara) => nara.close()));
});

async function start(...faults: string[]): Promise<SandboxNara> {
  const knownKeys = new Map([[alice.name, alice.publicKey]]);
  const nara = await startNara({ identity: bob, events: truth, knownKeys, faults: faults.map(parseFault) });
  running.push(nara);
  return nara;
}

function page(nara: SandboxNara, more: Partial<RawRequest> = {}, cursor = ''): Promise<RawAnswer> {
  return sync(nara, alice, { mode: 'page', page_size: 20, cursor }, more);
}

interface SyncBody {
  from: string;
  events: { id: string }[] | null;
  ts: number;
  sig?: string;
}

/** Which of the answer's two signatures fit this key. */
function verdicts(answer: RawAnswer, publicKey: string): { header: boolean; body: boolean } {
  const key = PublicKey.parse(publicKey)!;
  const [name, timestamp] = [headerOf(answer, 'X-Nara-Name'), headerOf(answer, 'X-Nara-Timestamp')];
  const signed = Buffer.from(`${name ?? ''}${timestamp ?? ''}${hash('sha256', answer.body, 'base64')}`);
  const { from, events, ts, sig } = JSON.parse(answer.body) as SyncBody;
  const ids = (events ?? []).map(({ id }) => id).join('');
  const digest = hash('sha256', `${from}:${ts}:${ids}`, 'buffer');
  return {
    header: key.verify(signed, headerOf(answer, 'X-Nara-Signature') ?? ''),
    body: key.verify(digest, sig ?? ''),
  };
}

describe('without a fault', () => {
  it('gives whole signed pages, and knows what it gave', async () => {
    const nara = await start();
    const answer = await page(nara);
    expect(linesIn(answer.body)).toEqual(truth.slice(0, 20).map(({ line }) => line));
    expect(verdicts(answer, nara.publicKey)).toEqual({ header: true, body: true });
    expect(nara.given).toEqual(linesIn(answer.body));
    expect(nara.ledger).toEqual(truth);
    expect(nara.requests).toMatchObject([
      { method: 'POST', path: '/events/sync', name: 'alice', status: 200 },
    ]);
  });
});

describe('answers that do not arrive', () => {
  it('hang: takes the request and is silent', async () => {
    const nara = await start('hang:2');
    expect((await page(nara)).status).toBe(200);
    const abort = new AbortController();
    const silent = page(nara, { signal: abort.signal });
    const syncs = () => nara.requests.filter(({ path }) => path === '/events/sync');
    // It takes the request, and it still answers others: that it is silent is its will.
    while (syncs().length < 2) await send(nara.url, { method: 'GET', path: '/ping' });
    abort.abort();
    await expect(silent).rejects.toThrow('aborted');
    expect(syncs().map(({ status }) => status)).toEqual([200, 0]);
    expect(nara.given).toHaveLength(20);
  });

  it('stall: half the body, then nothing', async () => {
    const nara = await start('stall');
    const abort = new AbortController();
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      abort.abort();
    };
    await expect(page(nara, { signal: abort.signal, onData })).rejects.toThrow('aborted');
    expect(bytes).toBeGreaterThan(1000);
    expect(nara.given).toEqual([]);
  });

  it('cut: half the body, then the connection is gone, at answer N and ever after', async () => {
    const nara = await start('cut:2');
    expect((await page(nara)).status).toBe(200);
    let bytes = 0;
    const onData = (chunk: Buffer): void => void (bytes += chunk.length);
    await expect(page(nara, { onData })).rejects.toThrow('aborted');
    expect(bytes).toBeGreaterThan(1000);
    await expect(page(nara)).rejects.toThrow('aborted');
    expect(nara.given).toHaveLength(20);
  });

  it('huge: blanks up to the number of bytes, or until the client goes', async () => {
    const { body } = await page(await start('huge:200000'));
    expect(body.trimEnd()).toBe('{"from":"bob","events":[');
    expect(body.length).toBe(200_024);
    const abort = new AbortController();
    const endless = await start('huge');
    await expect(
      page(endless, {
        signal: abort.signal,
        onData: () => {
          abort.abort();
        },
      }),
    ).rejects.toThrow('aborted');
  });

  it('delay: late, all the same whole', async () => {
    expect((await page(await start('delay:1'))).status).toBe(200);
  });
});

describe('answers that say something else', () => {
  it('status', async () => {
    const nara = await start('status:503:2');
    expect((await page(nara)).status).toBe(200);
    expect(await page(nara)).toMatchObject({ status: 503, body: 'Service Unavailable\n' });
  });

  it('redirect', async () => {
    const answer = await page(await start('redirect'));
    expect([answer.status, headerOf(answer, 'Location')]).toEqual([307, '/events/sync']);
  });

  it('content-type', async () => {
    expect(headerOf(await page(await start('content-type')), 'Content-Type')).toBe(
      'text/html; charset=utf-8',
    );
  });

  it('gzip', async () => {
    const answer = await page(await start('gzip'));
    expect(headerOf(answer, 'Content-Encoding')).toBe('gzip');
    expect(answer.body).not.toContain('events');
  });

  it('malformed', async () => {
    const nara = await start('malformed:2');
    await page(nara);
    const answer = await page(nara);
    expect(() => void JSON.parse(answer.body)).toThrow(SyntaxError);
    expect(headerOf(answer, 'X-Nara-Signature')).toBeDefined();
    expect(nara.given).toHaveLength(20);
  });

  it('stuck-cursor', async () => {
    const nara = await start('stuck-cursor');
    const first = await page(nara);
    const second = await page(nara, {}, cursorIn(first.body));
    expect(linesIn(second.body)).toEqual(linesIn(first.body));
    expect(cursorIn(second.body)).toBe(cursorIn(first.body));
  });

  it('back-cursor', async () => {
    const { body } = await page(await start('back-cursor'));
    expect(BigInt(cursorIn(body)!)).toBeLessThan(truth[0]!.tsNs);
  });

  it('legacy: no page mode', async () => {
    const { body } = await page(await start('legacy'), {}, String(truth[30]!.tsNs));
    expect(linesIn(body)).toHaveLength(60);
    expect(cursorIn(body)).toBeUndefined();
  });

  it('skew: refuses for its own clock, and signs by it', async () => {
    expect((await page(await start('skew:60'))).body).toMatch(
      /^Authentication failed: timestamp too old or in future: \d/,
    );
    expect((await page(await start('skew:-60'))).body).toContain('in future: -');
    const answer = await page(await start('skew:20'));
    expect(Number(headerOf(answer, 'X-Nara-Timestamp'))).toBeGreaterThan(Date.now() + 10_000);
  });
});

describe('keys and signatures', () => {
  const pingKey = async (nara: SandboxNara): Promise<unknown> => {
    const { body } = await send(nara.url, { method: 'GET', path: '/ping' });
    return (JSON.parse(body) as Record<string, unknown>)['public_key'];
  };

  it('unsigned: neither header nor body', async () => {
    const answer = await page(await start('unsigned'));
    expect(headerOf(answer, 'X-Nara-Signature')).toBeUndefined();
    expect(answer.body).not.toMatch(/"sig":"[^"]*"\}\n$/);
    expect(linesIn(answer.body)).toHaveLength(20);
  });

  it('bad-signature: both, from answer N on', async () => {
    const nara = await start('bad-signature:2');
    expect(verdicts(await page(nara), nara.publicKey)).toEqual({ header: true, body: true });
    expect(verdicts(await page(nara), nara.publicKey)).toEqual({ header: false, body: false });
  });

  it('wrong-key: another than /ping shows', async () => {
    const nara = await start('wrong-key');
    expect(await pingKey(nara)).toBe(nara.publicKey);
    expect(verdicts(await page(nara), nara.publicKey)).toEqual({ header: false, body: false });
  });

  it('no-key, no-ping', async () => {
    expect(await pingKey(await start())).toBe(bob.publicKey);
    expect(await pingKey(await start('no-key'))).toBe('');
    expect((await send((await start('no-ping')).url, { method: 'GET', path: '/ping' })).status).toBe(404);
  });
});
