import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeEvent } from '../../src/sandbox/event-maker.ts';
import type { SandboxNara } from '../../src/sandbox/nara.ts';
import { startProxy } from '../mesh/proxy-server.ts';
import { certificate, readPem } from '../mesh/tls-server.ts';
import { ALICE, startAlice } from '../restore/restoring.ts';
import { run, type Finished } from './spawn.ts';

const EVENT = makeEvent({
  tsNs: 1_769_000_000_000_000_000n,
  svc: 'seen',
  payload: { observer: 'bob', subject: 'carol', via: 'mesh' },
});

async function restore(
  url: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Finished> {
  return run('bin/restore-events.js', ['-nara-url', url, '--no-pre-restore', ...args], {
    stdin: `${EVENT.line}\n`,
    env: { NARA_SOUL: ALICE.soul, ...env },
  });
}

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A reverse proxy before a nara: what is below `prefix` is the nara's, everything else is not found. */
function reverseProxy(nara: SandboxNara, prefix: string): RequestListener {
  return (incoming: IncomingMessage, response: ServerResponse) => {
    const { method, url = '', headers } = incoming;
    if (!url.startsWith(`${prefix}/`)) return void response.writeHead(404).end('not here');
    const onward = request(nara.url + url.slice(prefix.length), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  };
}

function expectRestored(nara: SandboxNara, { status, stderr }: Finished): void {
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  expect(nara.ledger.map(({ line }) => line)).toEqual([EVENT.line]);
}

test.each(['/naras/alice', '/naras/alice/', '/naras/alice//'])('a URL with a path: %s', async (path) => {
  const nara = await startAlice();
  const port = await listen(createServer(reverseProxy(nara, '/naras/alice')));
  expectRestored(nara, await restore(`http://127.0.0.1:${port}${path}`));
});

test('a trailing slash, and a name for this machine', async () => {
  const nara = await startAlice();
  expectRestored(nara, await restore(`${nara.url.replace('127.0.0.1', 'localhost')}/`));
});

const HAS_IPV6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

test.skipIf(!HAS_IPV6)('IPv6', async () => {
  const nara = await startAlice();
  const port = await listen(createServer(reverseProxy(nara, '')), '::1');
  expectRestored(nara, await restore(`http://[::1]:${port}`));
});

test('a redirect to elsewhere on the same host is followed, for all that is asked after it', async () => {
  const nara = await startAlice();
  const forward = reverseProxy(nara, '/new');
  const port = await listen(
    createServer((incoming, response) => {
      const { url = '' } = incoming;
      if (url.startsWith('/new/')) forward(incoming, response);
      else response.writeHead(308, { location: `/new${url}` }).end();
    }),
  );
  const finished = await restore(`http://127.0.0.1:${port}`);
  expect(finished.stderr).toContain(`⚠️  The server is at http://127.0.0.1:${port}/new`);
  expectRestored(nara, finished);
});

test.each([
  ['to another host', 307, (path: string) => `http://192.0.2.1${path}`, 'another host'],
  ['that would turn a POST into a GET', 302, (path: string) => `/new${path}`, 'a POST would arrive as a GET'],
  ['without end', 307, (path: string) => `/x${path}`, '3 redirects, one after another'],
])('a redirect %s is not', async (_name, status, to, says) => {
  const port = await listen(
    createServer(({ url = '' }, response) => void response.writeHead(status, { location: to(url) }).end()),
  );
  const finished = await restore(`http://127.0.0.1:${port}`);
  expect(finished.status).toBe(15);
  expect(finished.stderr).toContain(says);
});

test('TLS: a CA of one’s own, none, and anybody', async () => {
  const nara = await startAlice();
  const port = await listen(createTlsServer(certificate('server'), reverseProxy(nara, '')));
  const url = `https://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, readPem('ca'));
  const none = await restore(url);
  expect(none.status).toBe(14);
  expect(none.stderr).toContain('--ca-file');
  expectRestored(nara, await restore(url, ['--ca-file', ca]));
  const anybody = await restore(url, ['--insecure']);
  expect(anybody.status).toBe(0);
  expect(anybody.stderr).toContain('⚠️  --insecure');
});

test('a proxy for https that the environment names', async () => {
  const nara = await startAlice();
  const port = await listen(createTlsServer(certificate('server'), reverseProxy(nara, '')));
  const proxy = await startProxy(`http://127.0.0.1:${port}`);
  onTestFinished(() => proxy.close());
  const url = `https://nara.test:${port}`;
  const finished = await restore(url, ['--insecure'], { HTTPS_PROXY: proxy.url });
  expect(finished.status).toBe(0);
  expect(proxy.asked).toContain(`CONNECT nara.test:${port}`);
  expect(nara.ledger.length).toBe(1);
});
