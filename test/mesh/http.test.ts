import { afterEach, describe, expect, it } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { PeerHttp, type HttpAnswer, type HttpRequest } from '../../src/mesh/http.ts';
import { httpAnswer, startRawServer, type RawAnswer, type RawServer } from './raw-server.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(answer: RawAnswer, host?: string): Promise<RawServer> {
  const server = await startRawServer(answer, host);
  cleanups.push(server.close);
  return server;
}

function open(connectTimeoutMs = 1000): PeerHttp {
  const http = new PeerHttp({ connectTimeoutMs });
  cleanups.unshift(() => http.close());
  return http;
}

const REQUEST: HttpRequest = {
  method: 'GET',
  path: '/ping',
  maxBytes: 1000,
  idleTimeoutMs: 5000,
  signal: new AbortController().signal,
};

function send(url: string, request: Partial<HttpRequest> = {}, http = open()): Promise<HttpAnswer> {
  return http.connect(new URL(url)).send({ ...REQUEST, ...request });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return error instanceof MeshBackupError ? error.code : String(error);
  }
}

const reply =
  (text: string | Buffer): RawAnswer =>
  (_request, socket) =>
    void socket.write(text);
const replyAndEnd =
  (text: string | Buffer): RawAnswer =>
  (_request, socket) =>
    void socket.end(text);

describe('an answer', () => {
  it('is given whole, with its headers, whatever its status', async () => {
    const { url, requests } = await serve(reply(httpAnswer('{"a":1}', ['X-A: b'], '418 Teapot')));
    const answer = await send(url);
    expect(answer).toMatchObject({ status: 418, headers: { 'x-a': 'b' } });
    expect(answer.body.toString()).toBe('{"a":1}');
    expect(requests[0]).toMatch(/^GET \/ping HTTP\/1\.1\r\n/);
    expect(requests[0]).toContain('accept-encoding: identity\r\n');
  });

  it('is bounded, to the byte', async () => {
    const { url } = await serve(reply(httpAnswer('x'.repeat(1000))));
    expect((await send(url)).body).toHaveLength(1000);
    expect(await codeOf(send(url, { maxBytes: 999 }))).toBe('PEER_TOO_LARGE');
  });

  it('is bounded where it has no length, and the connection is given up', async () => {
    let sentAll = false;
    const { url } = await serve((_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      socket.write(`${(1 << 28).toString(16)}\r\n`);
      socket.write(Buffer.alloc(1 << 28), (error) => (sentAll = !error));
    });
    expect(await codeOf(send(url))).toBe('PEER_TOO_LARGE');
    expect(sentAll).toBe(false);
  });

  it('that is a redirect is an answer: nothing is asked elsewhere', async () => {
    const target = await serve(reply(httpAnswer('{}')));
    const { url } = await serve(reply(httpAnswer('', [`Location: ${target.url}/ping`], '302 Found')));
    expect(await send(url)).toMatchObject({ status: 302, headers: { location: `${target.url}/ping` } });
    expect(target.connections.made).toBe(0);
  });
});

describe('an address', () => {
  it.each([
    ['', '/ping'],
    ['/', '/ping'],
    ['/naras/bob', '/naras/bob/ping'],
    ['/naras/bob//', '/naras/bob/ping'],
    ['/naras/bob/?a=b#c', '/naras/bob/ping'],
  ])('that ends in "%s" is asked for %s', async (suffix, path) => {
    const { url, requests } = await serve(reply(httpAnswer('{}')));
    await send(url + suffix);
    expect(requests[0]).toMatch(new RegExp(`^GET ${path} HTTP`));
  });

  it('may be of IPv6', async () => {
    const { url, requests } = await serve(reply(httpAnswer('{}')), '::1');
    expect((await send(url)).status).toBe(200);
    expect(requests[0]).toMatch(/^host: \[::1\]:\d+\r$/im);
  });
});

describe('no answer', () => {
  it.each([
    ['a closed port', 'http://127.0.0.1:1'],
    ['a closed port of a name with several addresses', 'http://localhost:1'],
    ['an unknown host', 'http://no-such-host.invalid'],
  ])('from %s is unreachable', async (_what, url) => {
    const failure = await send(url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PEER_UNREACHABLE', retryable: true });
    expect((failure as Error).message).toMatch(/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/);
  });

  it('to a TLS greeting within the time for connecting is unreachable, too', async () => {
    const { url } = await serve(() => undefined);
    const answer = send(url.replace('http:', 'https:'), {}, open(100));
    expect(await codeOf(answer)).toBe('PEER_UNREACHABLE');
  });

  it.each([
    ['from the start', ''],
    ['after half the head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['after the head', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['after half the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc'],
  ])('%s is silence', async (_what, text) => {
    const { url } = await serve(reply(text));
    const failure = await send(url, { idleTimeoutMs: 60 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PEER_SILENT', message: 'no byte for 0.06 s', retryable: true });
  });

  it('is not what a slow one is: each byte begins the time again', async () => {
    const { url } = await serve((_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n');
      let left = 12;
      const timer = setInterval(() => {
        socket.write('x');
        if (--left === 0) clearInterval(timer);
      }, 70);
    });
    expect((await send(url, { idleTimeoutMs: 500 })).body).toHaveLength(12);
  });

  it('is not what one is that thinks before its head, and again before its body', async () => {
    const { url } = await serve((_request, socket) => {
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n'), 350);
      setTimeout(() => socket.write('x'), 700);
    });
    expect((await send(url, { idleTimeoutMs: 600 })).body).toHaveLength(1);
  });
});

describe('a broken answer', () => {
  it.each([
    ['before the head', ''],
    ['in the head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['in a body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc'],
    [
      'in a body with a length, and was to be the last',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabc',
    ],
    ['in a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc'],
    [
      'in a chunked body, and was to be the last',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n',
    ],
  ])('that ends %s is cut', async (_what, text) => {
    const { url } = await serve(replyAndEnd(text));
    expect(await codeOf(send(url))).toBe('PEER_CUT');
  });

  it.each([
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`],
    ['many headers', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`],
    ['a chunk of no size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
  ])('of %s is malformed', async (_what, text) => {
    const { url } = await serve(reply(text));
    expect(await codeOf(send(url))).toBe('PEER_MALFORMED');
  });
});

describe('the connection', () => {
  it('is one for all requests to a peer, made again where it broke', async () => {
    let count = 0;
    const { url, connections } = await serve((_request, socket) => {
      if (++count === 3) socket.destroy();
      else socket.write(httpAnswer('{}'));
    });
    const connection = open().connect(new URL(url));
    await connection.send(REQUEST);
    await connection.send(REQUEST);
    expect(connections).toEqual({ made: 1, open: 1 });
    expect(await codeOf(connection.send(REQUEST))).toBe('PEER_CUT');
    expect((await connection.send(REQUEST)).status).toBe(200);
    expect(connections.made).toBe(2);
  });

  it('is not shared by peers behind one proxy: none waits for another', async () => {
    const { url } = await serve((request, socket) => {
      if (request.startsWith('GET /bob/')) socket.write(httpAnswer('{}'));
    });
    const http = open();
    const stop = new AbortController();
    const silent = codeOf(send(`${url}/alice`, { signal: stop.signal }, http));
    expect((await send(`${url}/bob`, {}, http)).status).toBe(200);
    stop.abort(new MeshBackupError('INTERRUPTED', 'enough'));
    expect(await silent).toBe('INTERRUPTED');
  });

  it.each(['the connection', 'all of them'])('ends what is under way when one closes %s', async (what) => {
    const { url, connections, requests } = await serve(() => undefined);
    const http = open();
    const connection = http.connect(new URL(url));
    const answer = codeOf(connection.send(REQUEST));
    await expect.poll(() => requests.length).toBe(1);
    await (what === 'all of them' ? http : connection).close();
    expect(await answer).toBe('INTERRUPTED');
    await expect.poll(() => connections.open).toBe(0);
    expect(await codeOf(connection.send(REQUEST))).toBe('INTERRUPTED');
  });

  it('leaves nothing behind that keeps the process alive', async () => {
    const held = (kind: RegExp): string[] =>
      process.getActiveResourcesInfo().filter((name) => kind.test(name));
    await expect.poll(() => held(/^TCP/)).toEqual([]);
    const timers = held(/^Timeout/);
    const server = await startRawServer(reply(httpAnswer('{}')));
    const http = new PeerHttp({ connectTimeoutMs: 1000 });
    await http.connect(new URL(server.url)).send(REQUEST);
    await codeOf(send('http://127.0.0.1:1', {}, http));
    expect(held(/^Timeout/)).toEqual(timers);
    await http.close();
    await server.close();
    await expect.poll(() => held(/^TCP/)).toEqual([]);
  });
});

describe('the signal', () => {
  it.each([
    ['before the request', 0],
    ['during it', 1],
  ])('ends a request with its own reason, %s', async (_when, least) => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const { url, requests } = await serve(() => {
      stop.abort(reason);
    });
    if (least === 0) stop.abort(reason);
    await expect(send(url, { signal: stop.signal })).rejects.toBe(reason);
    expect(requests).toHaveLength(least);
  });
});
