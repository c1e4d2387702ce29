import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MeshBackupError } from '../../src/errors.ts';
import { PeerHttp, type HttpSettings } from '../../src/mesh/http.ts';
import { fetchStash } from '../../src/stash/fetch-stash.ts';
import { StashClient } from '../../src/stash/stash-client.ts';
import { storeStash } from '../../src/stash/store-stash.ts';

type Handler = (path: string, response: ServerResponse, body: Buffer) => void;

interface Scene {
  readonly client: StashClient;
  /** What was asked, as `GET /path`. */
  readonly asked: string[];
  readonly bodies: Buffer[];
  readonly redirects: string[];
}

async function scene(
  handler: Handler,
  settings: Partial<HttpSettings> = {},
  url?: string,
  signal = new AbortController().signal,
): Promise<Scene> {
  const asked: string[] = [];
  const bodies: Buffer[] = [];
  const redirects: string[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    asked.push(`${request.method} ${request.url}`);
    bodies.push(body);
    handler(request.url ?? '', response, body);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = new PeerHttp({ connectTimeoutMs: 5_000, plainHttp: 'near', ...settings });
  const client = new StashClient({
    http,
    url: new URL(url ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requestTimeoutMs: 2_000,
    firstRetryMs: 10,
    signal,
    onRedirected: ({ href }) => redirects.push(href),
  });
  onTestFinished(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, asked, bodies, redirects };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof MeshBackupError ? error.code : String(error)),
  );
}

const status = (document: string | undefined): string =>
  document === undefined
    ? '{"has_stash":false,"my_stash":null,"confidants":[]}'
    : `{"has_stash":true,"my_stash":{"timestamp":7,"data":${document}},"confidants":[]}`;
const DOCUMENT = Buffer.from('{ "b": 1.0, "a": 2 }');

describe('storeStash', () => {
  /** A nara that does what `update` says with what it is given. */
  const nara = (update: (body: string, response: ServerResponse) => string | undefined): Handler => {
    let held: string | undefined;
    return (path, response, body) => {
      if (path === '/api/stash/status') response.end(status(held));
      else held = update(body.toString(), response);
    };
  };
  const said = (response: ServerResponse, success: boolean): void =>
    void response.end(`{"success":${success},"message":"so it is"}`);

  test('sends the very bytes, and reads them back', async () => {
    const { client, asked, bodies } = await scene(nara((body, response) => (said(response, true), body)));
    expect(await storeStash(client, DOCUMENT)).toEqual({
      timestamp: 7,
      isDistributed: true,
      message: 'so it is',
      keptAs: 'bytes',
    });
    expect(asked).toEqual(['POST /api/stash/update', 'GET /api/stash/status']);
    expect(bodies[0]).toEqual(DOCUMENT);
  });

  test.each([
    ['values', '{"a":2,"b":1}'],
    ['bytes', DOCUMENT.toString()],
  ])('kept as %s', async (keptAs, held) => {
    const { client } = await scene(nara((_, response) => (said(response, false), held)));
    expect(await storeStash(client, DOCUMENT)).toMatchObject({ keptAs, isDistributed: false });
  });

  test('damage is told from another stash', async () => {
    const { client } = await scene(nara((_, response) => (said(response, true), '{"n":9007199254740992}')));
    expect((await storeStash(client, Buffer.from('{"n":9007199254740993}'))).keptAs).toBe('damaged');
    expect(await codeOf(storeStash(client, Buffer.from('{"n":9007199254740995}')))).toBe('STASH_NOT_KEPT');
  });

  test.each([
    ['another', '{"a":3,"b":1}'],
    ['a part', '{"a":2}'],
    ['more', '{"a":2,"b":1,"c":3}'],
    ['none', undefined],
  ])('%s is there, whatever was answered', async (_, held) => {
    const { client } = await scene(nara((_body, response) => (said(response, true), held)));
    expect(await codeOf(storeStash(client, DOCUMENT))).toBe('STASH_NOT_KEPT');
  });

  test.each([
    ['cut off', 'TARGET_CUT', (response: ServerResponse) => void response.destroy()],
    ['no JSON', 'STASH_NOT_KEPT', (response: ServerResponse) => void response.end('thanks')],
    ["a proxy's 504", 'TARGET_BUSY', (response: ServerResponse) => void response.writeHead(504).end()],
    ['long', 'STASH_NOT_SERVED', (response: ServerResponse) => void response.end('x'.repeat(100_000))],
    ['a refusal', 'TARGET_REFUSED', (response: ServerResponse) => void response.writeHead(403).end()],
  ])('an answer that is %s: what is there decides, or else %s', async (_, expected, answer) => {
    const kept = await scene(nara((body, response) => (answer(response), body)));
    expect(await storeStash(kept.client, DOCUMENT)).toMatchObject({
      keptAs: 'bytes',
      isDistributed: undefined,
    });
    const lost = await scene(nara((_body, response) => (answer(response), undefined)));
    expect(await codeOf(storeStash(lost.client, DOCUMENT))).toBe(expected);
  });

  test('who stops it is told how far it came', async () => {
    const stop = new AbortController();
    const interrupt = (): void => {
      stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped by SIGINT.'));
    };
    const handing = await scene(interrupt, {}, undefined, stop.signal);
    await expect(storeStash(handing.client, DOCUMENT)).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: 'Stopped by SIGINT. The stash may have been handed over.',
    });
    const again = new AbortController();
    const reading = await scene(
      (path, response) => {
        if (path === '/api/stash/update') said(response, true);
        else again.abort(new MeshBackupError('TERMINATED', 'Stopped by SIGTERM.'));
      },
      {},
      undefined,
      again.signal,
    );
    await expect(storeStash(reading.client, DOCUMENT)).rejects.toMatchObject({
      code: 'TERMINATED',
      message: 'Stopped by SIGTERM. The stash was handed over, but not read back.',
    });
  });

  test('a refusal that cannot be checked stays one, and says so', async () => {
    const { client, asked } = await scene((_path, response) => void response.writeHead(401).end());
    await expect(storeStash(client, DOCUMENT)).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      hint: expect.stringContaining('Whether it arrived all the same cannot be read back.') as string,
    });
    expect(asked).toHaveLength(2);
  });
});

test('a stash that was handed over and cannot be read back is no success', async () => {
  const { client } = await scene((path, response) => {
    if (path === '/api/stash/status') response.writeHead(500).end();
    else response.end('{"success":true,"message":""}');
  });
  await expect(storeStash(client, DOCUMENT)).rejects.toMatchObject({
    code: 'STASH_NOT_KEPT',
    message: 'The stash was handed over, but cannot be read back: The target is not ready: HTTP 500',
  });
});

describe('what is no stash', () => {
  const answering = (code: number, body = '', headers: Record<string, string> = {}): Handler => {
    return (_path, response) => void response.writeHead(code, headers).end(body);
  };

  test.each([
    [404, '404 page not found', 'STASH_NOT_SERVED'],
    [405, '', 'STASH_NOT_SERVED'],
    [200, '<html></html>', 'STASH_NOT_SERVED'],
    [200, '', 'STASH_NOT_SERVED'],
    [400, 'Invalid JSON', 'TARGET_REFUSED'],
    [401, '', 'TARGET_REFUSED'],
    [413, '', 'TARGET_REFUSED'],
  ])('HTTP %i %s: %s', async (code, body, expected) => {
    const { client, asked } = await scene(answering(code, body));
    expect(await codeOf(client.status())).toBe(expected);
    expect(asked).toHaveLength(1);
  });

  test.each([500, 503, 429])('HTTP %i is asked again, and then given up', async (code) => {
    const { client, asked } = await scene(answering(code, 'not ready', { 'content-type': 'text/plain' }));
    await expect(client.status()).rejects.toMatchObject({
      code: 'TARGET_BUSY',
      message: `The target is not ready: HTTP ${code} not ready`,
      retryable: true,
    });
    expect(asked).toHaveLength(4);
  });

  test('a moment later it is ready', async () => {
    let count = 0;
    const { client } = await scene((_path, response) => {
      if (count++ < 2) response.writeHead(500).end();
      else response.end(status('{"a":1}'));
    });
    expect((await client.status()).stash?.document.toString()).toBe('{"a":1}');
  });

  test('more than any document', async () => {
    const { client } = await scene((_path, response) => {
      response.write('{"has_stash":true,"my_stash":null,"x":"');
      const more = Buffer.alloc(1024 * 1024, 'x');
      for (let mebibytes = 0; mebibytes < 26; mebibytes++) response.write(more);
      response.end('"}');
    });
    await expect(client.status()).rejects.toMatchObject({
      code: 'STASH_TOO_LARGE',
      message: 'The target answers with more than can be read: an answer of more than 26214400 bytes',
    });
  });

  test('more than a name, where the nara says who it is', async () => {
    const { client } = await scene(answering(200, JSON.stringify({ from: 'a', more: 'x'.repeat(70_000) })));
    expect(await client.ping()).toMatchObject({ from: undefined, key: undefined });
  });

  test.each([
    ['at once', (response: ServerResponse) => void response.destroy()],
    [
      'halfway',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"has_stash":');
        setTimeout(() => response.destroy(), 10);
      },
    ],
  ])('a connection that breaks %s, again and again', async (_, breakOff) => {
    const { client, asked } = await scene((_path, response) => {
      breakOff(response);
    });
    for (const ask of [() => client.status(), () => client.ping(), () => client.recover()]) {
      await expect(ask()).rejects.toMatchObject({
        code: 'TARGET_CUT',
        exitStatus: 14,
        message: expect.stringMatching(/^The connection broke: ./) as string,
      });
    }
    expect(asked).toHaveLength(12);
  });
});

describe('where it goes', () => {
  const given: Handler = (_path, response) => void response.end(status('{"a":1}'));

  test('plain http to a name that is far away is refused, before anything is sent', async () => {
    const lookup: HttpSettings['lookup'] = (_host, _options, done) => {
      done(null, [{ address: '192.0.2.1', family: 4 }], 4);
    };
    const { client } = await scene(given, { lookup }, 'http://nara.example:8080');
    const failure = await client.status().catch((error: unknown) => error as MeshBackupError);
    expect(failure).toMatchObject({ code: 'PLAIN_HTTP' });
    expect((failure as MeshBackupError).message).toMatch(
      /^No plain http to nara\.example: .*read the stash and replace it/,
    );
  });

  test('and an address at once', async () => {
    expect(await codeOf(scene(given, {}, 'http://192.0.2.1:8080'))).toBe('PLAIN_HTTP');
    expect(await codeOf(scene(given, { plainHttp: 'anywhere' }, 'http://192.0.2.1:8080'))).toBe('no error');
  });

  test('redirects below the same host are followed once and for all', async () => {
    const moved: Handler = (path, response) => {
      if (path.startsWith('/new/')) response.end(status('{"a":1}'));
      else response.writeHead(307, { location: `/new${path}` }).end();
    };
    const { client, asked, redirects } = await scene(moved);
    await client.status();
    await client.status();
    expect(asked.map((line) => line.split(' ')[1])).toEqual([
      '/api/stash/status',
      '/new/api/stash/status',
      '/new/api/stash/status',
    ]);
    expect(redirects).toHaveLength(1);
  });

  test.each([
    ['to another host', 307, 'http://127.0.0.2/api/stash/status'],
    ['that would turn a POST into a GET', 302, '/new/api/stash/status'],
  ])('a redirect %s is not', async (_, code, location) => {
    const { client } = await scene((_path, response) => void response.writeHead(code, { location }).end());
    expect(await codeOf(client.status())).toBe('TARGET_REFUSED');
  });
});

describe('fetchStash', () => {
  const recovering = (looks: number, answer = '{"success":true}'): Handler => {
    let left = Infinity;
    return (path, response) => {
      if (path === '/api/stash/recover') {
        left = looks;
        response.end(answer);
      } else response.end(status(--left <= 0 ? '{"a":1}' : undefined));
    };
  };
  const options = { recover: true, recoverTimeoutMs: 60_000, signal: new AbortController().signal };

  test('asks for no recovery unless it is told to', async () => {
    const { client, asked } = await scene(recovering(1));
    expect(await codeOf(fetchStash(client, { ...options, recover: false }))).toBe('NO_STASH');
    expect(asked).toEqual(['GET /api/stash/status']);
  });

  test('asks once, and looks until it is there', async () => {
    const { client, asked } = await scene(recovering(2));
    expect(await fetchStash(client, options)).toMatchObject({ isRecovered: true, timestamp: 7 });
    expect(asked.filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  test('gives up when the time is over, and when it is told that there is nothing', async () => {
    const slow = await scene(recovering(1_000));
    expect(await codeOf(fetchStash(slow.client, { ...options, recoverTimeoutMs: 300 }))).toBe('NO_STASH');
    const none = await scene(recovering(1, '{"success":false,"message":"no confidants"}'));
    await expect(fetchStash(none.client, options)).rejects.toMatchObject({
      code: 'NO_STASH',
      message: expect.stringContaining('no confidants') as string,
    });
  });

  test('a hiccup is no end, of the question nor of a look', async () => {
    const asked: string[] = [];
    const { client } = await scene((path, response) => {
      const count = asked.push(path);
      if (count === 1) response.end(status(undefined));
      else if (count < 7) response.writeHead(503).end();
      else if (path === '/api/stash/recover') response.end('{"success":true}');
      else if (count < 12) response.destroy();
      else response.end(status('{"a":1}'));
    });
    expect(await fetchStash(client, options)).toMatchObject({ isRecovered: true });
  });

  test('what goes wrong to the end is told', async () => {
    let count = 0;
    const { client } = await scene((_path, response) => {
      if (count++ === 0) response.end(status(undefined));
      else response.writeHead(503).end();
    });
    expect(await codeOf(fetchStash(client, { ...options, recoverTimeoutMs: 300 }))).toBe('TARGET_BUSY');
  });

  test('a nara that hangs is waited for no longer than was said', async () => {
    for (const silent of ['/api/stash/recover', '/api/stash/status']) {
      let count = 0;
      const { client } = await scene((path, response) => {
        if (count++ === 0) response.end(status(undefined));
        else if (path !== silent) response.end('{"success":true}');
      });
      const startMs = performance.now();
      expect(await codeOf(fetchStash(client, { ...options, recoverTimeoutMs: 300 }))).toBe('NO_STASH');
      expect(performance.now() - startMs).toBeLessThan(1_500);
    }
  });

  test('a recovery that is not wanted any more ends at once', async () => {
    const { client } = await scene(recovering(1_000));
    const stop = new AbortController();
    const waiting = fetchStash(client, {
      ...options,
      signal: stop.signal,
      onRecovering: () => {
        stop.abort(new MeshBackupError('INTERRUPTED', 'Stopped.'));
      },
    });
    expect(await codeOf(waiting)).toBe('INTERRUPTED');
  });
});
