import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { HttpSettings } from '../../src/mesh/http.ts';
import { nearLookup } from '../../src/mesh/near-lookup.ts';
import { ask, connect, failureOf, REQUEST, resolvingTo, started } from './asking.ts';
import { startProxy } from './proxy-server.ts';
import { httpAnswer, startRawServer, type RawServer } from './raw-server.ts';
import { readPem, startTlsServer } from './tls-server.ts';

const NEAR: Partial<HttpSettings> = { plainHttp: 'near' };

function serve(host?: string): Promise<RawServer> {
  return started(startRawServer((_, socket) => void socket.write(httpAnswer('{}')), host));
}

describe('plain http to near addresses only', () => {
  it.each(['127.0.0.1', 'localhost', '127.1', '[::ffff:127.0.0.1]'])('goes to %s', async (host) => {
    const { url } = await serve();
    expect((await ask(url.replace('127.0.0.1', host), NEAR)).status).toBe(200);
  });

  it.each(['192.0.2.1', '[2001:db8::1]', '[::ffff:192.0.2.1]', '3221225985', '0.0.0.0'])(
    'does not go to %s, which nobody dials',
    (host) => {
      expect(() => connect(`http://${host}`, NEAR)).toThrow(
        expect.objectContaining({ code: 'PLAIN_HTTP', exitStatus: 2, retryable: false }),
      );
    },
  );

  it('says why, and what else to do', async () => {
    const failure = await failureOf(ask('http://bob.test', { ...NEAR, lookup: resolvingTo('192.0.2.1') }));
    expect(failure.message).toContain('plain http to bob.test');
    expect(failure.message).toContain("covers only the events' IDs");
    expect(failure.message).toContain('replace every event');
    expect(failure.hint).toMatch(/https.*--insecure-http/);
  });

  it('goes to a name as long as it resolves to a near address, and no longer', async () => {
    const { url, requests } = await serve();
    let address = '127.0.0.1';
    const lookup: LookupFunction = (...rest) => {
      resolvingTo(address)(...rest);
    };
    const connection = connect(url.replace('127.0.0.1', 'bob.test'), { ...NEAR, lookup });
    expect((await connection.send({ ...REQUEST, headers: { connection: 'close' } })).status).toBe(200);
    address = '192.0.2.1';
    expect((await failureOf(connection.send(REQUEST))).code).toBe('PLAIN_HTTP');
    expect(requests).toHaveLength(1);
  });

  it('passes over the far addresses of a name', async () => {
    const { url } = await serve();
    const lookup = resolvingTo('192.0.2.1', '2001:db8::1', '127.0.0.1');
    expect((await ask(url.replace('127.0.0.1', 'bob.test'), { ...NEAR, lookup })).status).toBe(200);
  });

  it('does not bind https, nor anybody who did not ask for it', async () => {
    const { port } = await started(startTlsServer());
    const far = { lookup: resolvingTo('127.0.0.1'), tls: { ca: readPem('ca') } };
    expect((await ask(`https://alice.test:${port}`, { ...NEAR, ...far })).status).toBe(200);
    expect(() => connect('https://192.0.2.1', NEAR)).not.toThrow();
    expect(() => connect('http://192.0.2.1')).not.toThrow();
    expect(() => connect('http://192.0.2.1', { plainHttp: 'anywhere' })).not.toThrow();
  });

  it('does not go through a proxy, which dials what it likes, but for a near address', async () => {
    const proxy = await started(startProxy((await serve()).url));
    const settings = { ...NEAR, proxy: { http: proxy.url, https: proxy.url, noProxy: '' } };
    const failure = await failureOf(
      ask('http://bob.test', { ...settings, lookup: resolvingTo('127.0.0.1') }),
    );
    expect(failure.code).toBe('PLAIN_HTTP');
    expect(failure.message).toContain('a proxy may dial any address');
    expect((await failureOf(ask('http://192.0.2.1', settings))).code).toBe('PLAIN_HTTP');
    expect(proxy.asked).toEqual([]);
    expect((await ask('http://10.0.0.1', settings)).status).toBe(200);
    expect((await ask('http://[fd00::1]', settings)).status).toBe(200);
    expect(proxy.asked).toEqual(['GET http://10.0.0.1/ping', 'GET http://[fd00::1]/ping']);
  });
});

describe('a resolver for near addresses', () => {
  const look = (inner: LookupFunction, all: boolean): Promise<unknown> =>
    new Promise((resolve) => {
      nearLookup(inner)('bob.test', { all }, (error, address, family) => {
        resolve(error ?? [address, family]);
      });
    });

  it('gives what is near, in the form that was asked for', async () => {
    const near: LookupAddress[] = [
      { address: '10.1.2.3', family: 4 },
      { address: 'fe80::1', family: 6 },
    ];
    const inner = resolvingTo('10.1.2.3', '8.8.8.8', 'fe80::1');
    expect(await look(inner, true)).toEqual([near, undefined]);
    expect(await look(inner, false)).toEqual(['10.1.2.3', 4]);
  });

  it.each([true, false])('refuses what is far, all: %s', async (all) => {
    for (const addresses of [['8.8.8.8', '2001:db8::1'], ['::ffff:8.8.8.8']]) {
      expect(await look(resolvingTo(...addresses), all)).toMatchObject({ code: 'PLAIN_HTTP' });
    }
  });

  it('hands on that a name is unknown, and what says nothing is not near', async () => {
    const unknown = new Error('ENOTFOUND');
    expect(
      await look((_hostname, _options, callback) => {
        callback(unknown, '');
      }, true),
    ).toBe(unknown);
    expect(await look(resolvingTo(), true)).toMatchObject({ code: 'PLAIN_HTTP' });
  });
});
