import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import type { HttpSettings } from '../../src/mesh/http.ts';
import { proxyFromEnvironment } from '../../src/mesh/proxy.ts';
import { ask, connect, failureOf, REQUEST, resolvingTo, started } from './asking.ts';
import { startProxy } from './proxy-server.ts';
import { httpAnswer, startRawServer, type RawAnswer } from './raw-server.ts';
import { readPem, startTlsServer } from './tls-server.ts';

const TLS = { ca: readPem('ca') };
/** Names resolve to nothing that listens: what is answered came through a proxy. */
const LOST = resolvingTo('127.0.0.2');

function through(url: string, noProxy = ''): Partial<HttpSettings> {
  const proxy = proxyFromEnvironment({ HTTPS_PROXY: url, http_proxy: url, NO_PROXY: noProxy });
  return { proxy, tls: TLS, lookup: LOST };
}

function withSecret(url: string): string {
  return url.replace('://', '://us%40er:hunter2@');
}

const BASIC = `Basic ${Buffer.from('us@er:hunter2').toString('base64')}`;

/** Ways through a proxy: the peer's URL, and what a proxy is asked for. */
const WAYS = [
  ['a tunnel', 'https', 'CONNECT alice.test:443'],
  ['a forwarding proxy', 'http', 'GET http://alice.test/ping'],
] as const;

async function peer(scheme: 'http' | 'https', answer: string): Promise<string> {
  if (scheme === 'http') {
    return (await started(startRawServer((_, socket) => void socket.write(httpAnswer(answer))))).url;
  }
  return (await started(startTlsServer('server', (_, response) => void response.end(answer)))).url;
}

describe.each(WAYS)('through %s', (_what, scheme, asked) => {
  const url = `${scheme}://alice.test`;

  it('an answer comes whole, and credentials go to the proxy', async () => {
    const proxy = await started(startProxy(await peer(scheme, '{"a":1}')));
    const connection = connect(url, through(withSecret(proxy.url)));
    expect((await connection.send(REQUEST)).body.toString()).toBe('{"a":1}');
    expect((await connection.send(REQUEST)).status).toBe(200);
    expect(proxy.asked).toEqual(scheme === 'https' ? [asked] : [asked, asked]);
    expect(new Set(proxy.authorizations)).toEqual(new Set([BASIC]));
  });

  it('a body of bytes arrives', async () => {
    const proxy = await started(startProxy(await peer(scheme, '{}')));
    const body = new Uint8Array(100_000).fill(120);
    expect((await ask(url, through(proxy.url), { method: 'POST', body })).status).toBe(200);
  });

  it('an answer is bounded', async () => {
    const proxy = await started(startProxy(await peer(scheme, 'x'.repeat(1001))));
    expect((await failureOf(ask(url, through(proxy.url)))).code).toBe('PEER_TOO_LARGE');
  });

  it('silence ends, and so does an answer when somebody stops it', async () => {
    const silent = await started(startRawServer(() => undefined));
    const proxy = await started(startProxy(silent.url));
    expect((await failureOf(ask(url, through(proxy.url), { idleTimeoutMs: 60 }))).code).toBe('PEER_SILENT');
    const stop = new AbortController();
    const reason = new MeshBackupError('INTERRUPTED', 'enough');
    const answer = failureOf(ask(url, through(proxy.url), { signal: stop.signal }));
    await expect.poll(() => proxy.asked.length).toBe(2);
    stop.abort(reason);
    expect(await answer).toBe(reason);
  });

  it('closing ends what is under way, and leaves no connection', async () => {
    const silent = await started(startRawServer(() => undefined));
    const proxy = await started(startProxy(silent.url));
    const connection = connect(url, through(proxy.url));
    const answer = failureOf(connection.send(REQUEST));
    await expect.poll(() => silent.connections.made).toBe(1);
    await connection.close();
    expect((await answer).code).toBe('INTERRUPTED');
    await expect.poll(() => proxy.open()).toBe(0);
  });

  it('a proxy that is not there is named, without its credentials', async () => {
    const failure = await failureOf(ask(url, through('http://us%40er:hunter2@127.0.0.1:1')));
    expect(failure).toMatchObject({ code: 'PEER_UNREACHABLE', retryable: true });
    expect(failure.message).toMatch(/^the proxy http:\/\/127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/);
    expect(failure.hint).toContain('NO_PROXY');
  });

  it('hosts in NO_PROXY and this machine are asked directly', async () => {
    const target = await peer(scheme, '{}');
    const { port } = new URL(target);
    const proxy = await started(startProxy(target));
    const lookup = resolvingTo('127.0.0.1');
    const exempt = { ...through(proxy.url, 'bob.test,alice.test'), lookup };
    expect((await ask(`${url}:${port}`, exempt)).status).toBe(200);
    expect((await ask(target, through(proxy.url))).status).toBe(200);
    expect(
      (await ask(target.replace('127.0.0.1', 'localhost'), { ...exempt, ...through(proxy.url), lookup }))
        .status,
    ).toBe(200);
    expect(proxy.asked).toEqual([]);
    expect((await ask(`${url}:${port}`, { ...through(proxy.url, 'bob.test'), lookup })).status).toBe(200);
    expect(proxy.asked).toHaveLength(1);
  });
});

/** Reads on, so that it sees when it is left. */
function hang(socket: Socket): void {
  socket.resume().on('end', () => socket.destroy());
}

describe('a proxy', () => {
  const answering =
    (status: string) =>
    (socket: Socket): void =>
      void socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 3\r\n\r\nno\n`);

  it.each([
    ['407 Proxy Authentication Required', 'PROXY_REFUSED', 15, false, 'wants other credentials: HTTP 407'],
    ['403 Forbidden', 'PROXY_REFUSED', 15, false, 'refuses to connect us: HTTP 403'],
    ['302 Found', 'PROXY_REFUSED', 15, false, 'refuses to connect us: HTTP 302'],
    ['502 Bad Gateway', 'PEER_UNREACHABLE', 14, true, 'gets no connection: HTTP 502'],
  ])('that answers %s to CONNECT is named', async (status, code, exitStatus, retryable, says) => {
    const proxy = await started(startProxy('http://127.0.0.1:1', { onConnect: answering(status) }));
    const failure = await failureOf(ask('https://alice.test', through(withSecret(proxy.url))));
    expect(failure).toMatchObject({ code, exitStatus, retryable });
    expect(failure.message).toBe(`the proxy ${proxy.url} ${says}`);
    expect(failure.hint).toContain('HTTPS_PROXY');
    expect(`${failure.message}${String(failure.hint)}${String(failure.stack)}`).not.toContain('hunter2');
    expect(proxy.asked).toEqual(['CONNECT alice.test:443']);
  });

  it('that forwards nothing without credentials is named; other answers may be the peer’s', async () => {
    const strict = await started(startProxy('http://127.0.0.1:1', { forwardStatus: 407 }));
    const failure = await failureOf(ask('http://alice.test', through(withSecret(strict.url))));
    expect(failure).toMatchObject({ code: 'PROXY_REFUSED', retryable: false });
    expect(failure.message).toBe(`the proxy ${strict.url} wants other credentials: HTTP 407`);
    const broken = await started(startProxy('http://127.0.0.1:1', { forwardStatus: 502 }));
    expect((await ask('http://alice.test', through(broken.url))).status).toBe(502);
  });

  it.each<[string, RawAnswer]>([
    ['hangs up', (_, socket) => void socket.end()],
    ['speaks no HTTP', (_, socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n')],
    ['never ends its head', (_, socket) => void socket.write(`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`)],
  ])('that %s is tried once', async (_what, answer) => {
    const proxy = await started(startRawServer(answer));
    const failure = await failureOf(ask('https://alice.test', through(withSecret(proxy.url))));
    expect(failure).toMatchObject({ code: 'PEER_UNREACHABLE', retryable: true });
    expect(failure.message).toContain(`the proxy ${proxy.url} cannot be reached: `);
    expect(proxy.connections.made).toBe(1);
  });

  it('that never makes the tunnel is left after the time for connecting', async () => {
    const proxy = await started(startProxy('http://127.0.0.1:1', { onConnect: hang }));
    const failure = await failureOf(
      ask('https://alice.test', { ...through(proxy.url), connectTimeoutMs: 50 }),
    );
    expect(failure).toMatchObject({ code: 'PEER_UNREACHABLE' });
    expect(failure.message).toContain('no tunnel within 0.05 s');
  });

  it.each(['an abort', 'silence', 'closing'])(
    'that never makes the tunnel is left at once on %s',
    async (what) => {
      const proxy = await started(startProxy('http://127.0.0.1:1', { onConnect: hang }));
      const stop = new AbortController();
      const connection = connect('https://alice.test', { ...through(proxy.url), connectTimeoutMs: 1e9 });
      const idleTimeoutMs = what === 'silence' ? 60 : 1e9;
      const answer = failureOf(connection.send({ ...REQUEST, idleTimeoutMs, signal: stop.signal }));
      await expect.poll(() => proxy.asked.length).toBe(1);
      if (what === 'an abort') stop.abort(new MeshBackupError('INTERRUPTED', 'enough'));
      if (what === 'closing') await connection.close();
      expect((await answer).code).toBe(what === 'silence' ? 'PEER_SILENT' : 'INTERRUPTED');
      await connection.close();
      await expect.poll(() => proxy.open()).toBe(0);
    },
  );

  it('makes a new tunnel where the old one broke', async () => {
    let answers = 0;
    const server = await started(
      startTlsServer('server', (_, response) => {
        if (++answers === 2) response.destroy();
        else response.end('{}');
      }),
    );
    const proxy = await started(startProxy(server.url));
    const connection = connect('https://alice.test', through(proxy.url));
    await connection.send(REQUEST);
    expect((await failureOf(connection.send(REQUEST))).code).toBe('PEER_CUT');
    expect((await connection.send(REQUEST)).status).toBe(200);
    expect(proxy.asked).toHaveLength(2);
  });

  it('leads to a peer whose certificate is verified', async () => {
    const server = await started(startTlsServer('server'));
    const proxy = await started(startProxy(server.url));
    const failure = await failureOf(ask('https://bob.test', through(proxy.url)));
    expect(failure).toMatchObject({ code: 'PEER_TLS', retryable: false });
    expect(failure.message).toBe('the certificate of the server is for another host');
  });

  it.each<[string, RawAnswer]>([
    ['hangs up', (_, socket) => void socket.destroy()],
    ['speaks no TLS', (_, socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('leads to a peer that %s', async (_what, answer) => {
    const onConnect = (socket: Socket): void => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.once('data', () => {
        answer('', socket);
      });
    };
    const proxy = await started(startProxy('http://127.0.0.1:1', { onConnect }));
    const failure = await failureOf(ask('https://alice.test', through(proxy.url)));
    expect(failure.code).toMatch(/^PEER_(UNREACHABLE|TLS)$/);
    expect(proxy.asked).toHaveLength(1);
  });
});

describe('a proxy with TLS', () => {
  it.each(['https', 'http'] as const)('makes a tunnel to %s', async (scheme) => {
    const proxy = await started(startProxy(await peer(scheme, '{}'), { tls: true }));
    expect((await ask(`${scheme}://alice.test`, through(withSecret(proxy.url)))).status).toBe(200);
    expect(proxy.asked).toEqual([`CONNECT alice.test:${scheme === 'https' ? 443 : 80}`]);
    expect(proxy.authorizations).toEqual([BASIC]);
  });

  it('is verified, also where the peer is not', async () => {
    const proxy = await started(startProxy(await peer('https', '{}'), { tls: true }));
    for (const tls of [{}, { insecure: true }]) {
      const failure = await failureOf(ask('https://alice.test', { ...through(proxy.url), tls }));
      expect(failure.code).toBe('PEER_TLS');
      expect(failure.message).toContain(`the certificate of the proxy ${proxy.url} is signed by`);
    }
    const elsewhere = proxy.url.replace('127.0.0.1', 'bob.test');
    const lookup = resolvingTo('127.0.0.1');
    const failure = await failureOf(ask('https://alice.test', { ...through(elsewhere), lookup }));
    expect(failure.message).toBe(`the certificate of the proxy ${elsewhere} is for another host`);
    expect(proxy.asked).toEqual([]);
  });
});

describe('a tailscaled of ours', () => {
  const tunnelling = (url: string): Partial<HttpSettings> => ({
    proxy: { http: url, https: url, noProxy: '', tunnelsAll: true },
    plainHttp: 'near',
  });

  it('makes tunnels for plain http, too, in which nothing is altered', async () => {
    const server = await started(startRawServer((_, socket) => void socket.write(httpAnswer('{"a":1}'))));
    const proxy = await started(startProxy(server.url));
    const connection = connect('http://100.64.0.1:7433/', tunnelling(proxy.url));
    expect((await connection.send(REQUEST)).body.toString()).toBe('{"a":1}');
    await connection.send(REQUEST);
    expect(proxy.asked).toEqual(['CONNECT 100.64.0.1:7433']);
    expect(server.requests[0]).toMatch(/^GET \/ping HTTP\/1\.1\r\nhost: 100\.64\.0\.1:7433\r\n/i);
  });

  it('names a peer that cannot be reached, and not itself', async () => {
    const onConnect = (socket: Socket): void => void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const proxy = await started(startProxy('http://127.0.0.1:1', { onConnect }));
    const failure = await failureOf(ask('http://[fd7a:115c:a1e0::1]:7433', tunnelling(proxy.url)));
    expect(failure).toMatchObject({ code: 'PEER_UNREACHABLE', retryable: true });
    expect(failure.message).toBe(
      'no connection to [fd7a:115c:a1e0::1]:7433 over the mesh: tailscaled answers HTTP 502',
    );
    expect(failure.hint).not.toContain('PROXY');
  });

  it.each(['403 Forbidden', '407 Proxy Authentication Required'])(
    'that answers %s gives no connection either',
    async (status) => {
      const onConnect = (socket: Socket): void => void socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
      const proxy = await started(startProxy('http://127.0.0.1:1', { onConnect }));
      const failure = await failureOf(ask('http://100.64.0.1:7433', tunnelling(proxy.url)));
      expect(failure.code).toBe('PEER_UNREACHABLE');
    },
  );

  it('is left after the time for connecting where the peer is offline', async () => {
    const proxy = await started(startProxy('http://127.0.0.1:1', { onConnect: hang }));
    const settings = { ...tunnelling(proxy.url), connectTimeoutMs: 50 };
    const failure = await failureOf(ask('http://100.64.0.1:7433', settings));
    expect(failure.code).toBe('PEER_UNREACHABLE');
    expect(failure.message).toBe('no connection to 100.64.0.1:7433 over the mesh: no tunnel within 0.05 s');
  });

  it('lets the peer’s own 502 be the peer’s', async () => {
    const server = await started(
      startRawServer((_, socket) => {
        socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      }),
    );
    const proxy = await started(startProxy(server.url));
    expect((await ask('http://100.64.0.1:7433', tunnelling(proxy.url))).status).toBe(502);
  });
});
