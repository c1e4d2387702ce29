import { createServer as createNetServer } from 'node:net';
import type { RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LocalApi } from '../../src/mesh/local-api.ts';
import { readVectors } from '../fixtures.ts';
import { failureOf } from './asking.ts';
import { startLocalApi } from './local-api-server.ts';

function open(socketPath: string, clean?: (text: string) => string): LocalApi {
  const api = new LocalApi(socketPath, clean);
  onTestFinished(() => api.close());
  return api;
}

async function answering(answer: RequestListener): Promise<LocalApi> {
  return open((await startLocalApi(answer)).socketPath);
}

describe('the LocalAPI', () => {
  it('tells the status that was recorded of a real one', async () => {
    const recorded = readVectors('localapi-status-mixed.json');
    const api = await answering((_, response) => response.end(JSON.stringify(recorded)));
    const status = await api.status();
    expect(status).toMatchObject({ state: 'Running', health: [], tailnet: '10.77.0.1' });
    expect(status.self).toMatchObject({
      hostName: 'laptop',
      addresses: ['100.64.0.40', 'fd7a:115c:a1e0::28'],
    });
    const namesOf = (is: 'isOnline' | 'isExpired'): string[] =>
      status.machines.filter((machine) => machine[is]).map(({ hostName }) => hostName);
    expect(namesOf('isOnline')).toEqual(['n1-ar6v', 'n2-508x', 'n3-kx7z', 'n4-sqfs']);
    expect(namesOf('isExpired')).toEqual(['nara-backup-99999', 'nara-backup-7777', 'nara-backup-21409']);
    expect(status.machines).toHaveLength(8);
  });

  it('is told exactly what tailscaled reads', async () => {
    const asked: unknown[] = [];
    const api = await answering((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        asked.push([request.method, request.url, body]);
        response.writeHead(204).end();
      });
    });
    await api.start({ authKey: 'k', controlUrl: 'https://mesh.test', hostname: 'nara-backup-1' });
    await api.loginInteractive();
    await api.setServeConfig({ TCP: { 7433: { TCPForward: '127.0.0.1:9', ProxyProtocol: 1 } } });
    await api.setShields(false);
    await api.logout(1000);
    expect(asked).toEqual([
      [
        'POST',
        '/localapi/v0/start',
        '{"AuthKey":"k","UpdatePrefs":{"ControlURL":"https://mesh.test","Hostname":"nara-backup-1","WantRunning":true,"CorpDNS":false,"RouteAll":false,"ShieldsUp":true}}',
      ],
      ['POST', '/localapi/v0/login-interactive', ''],
      [
        'POST',
        '/localapi/v0/serve-config',
        '{"TCP":{"7433":{"TCPForward":"127.0.0.1:9","ProxyProtocol":1}}}',
      ],
      ['PATCH', '/localapi/v0/prefs', '{"ShieldsUp":false,"ShieldsUpSet":true}'],
      ['POST', '/localapi/v0/logout', ''],
    ]);
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'refuses',
      (_, response) => response.writeHead(403).end('no\n'),
      /tailscaled answers HTTP 403 to status: no$/,
    ],
    ['says nothing of use', (_, response) => response.end('<html>'), /tailscaled answers no status/],
    ['says something else', (_, response) => response.end('{}'), /tailscaled answers no status/],
    [
      'hangs up',
      (request) => request.socket.destroy(),
      /tailscaled does not answer at \/tmp\/.*: other side closed$/,
    ],
  ])('that %s is named', async (_what, answer, message) => {
    const failure = await failureOf((await answering(answer)).status());
    expect(failure.code).toBe('MESH_DAEMON');
    expect(failure.message).toMatch(/^Failed to connect to mesh: /);
    expect(failure.message).toMatch(message);
  });

  it('says no more than is bounded', async () => {
    const api = await answering((_, response) => {
      response.write(Buffer.alloc(256 * 1024));
      response.write('x');
    });
    const failure = await failureOf(api.loginInteractive());
    expect(failure.message).toBe('Failed to connect to mesh: tailscaled answers more than 262144 bytes.');
    const long = await answering((_, response) => response.writeHead(500).end('x'.repeat(10_000)));
    expect((await failureOf(long.status())).message.length).toBeLessThan(400);
  });

  it('is not waited for when it hangs, nor do others wait for what hangs', async () => {
    const api = await answering((request, response) => {
      if (request.url?.endsWith('status') === true) response.end('{"BackendState":"Stopped"}');
    });
    const hanging = failureOf(api.logout(300));
    const start = failureOf(api.start({ authKey: '', controlUrl: '', hostname: '' }));
    expect((await api.status()).state).toBe('Stopped');
    expect(await hanging).toMatchObject({ code: 'MESH_DAEMON', retryable: true });
    expect((await hanging).message).toContain('tailscaled gave no answer to logout for 0.3 s');
    await api.close();
    expect((await start).code).toBe('MESH_DAEMON');
  });

  it('bears no secret in what it says', async () => {
    const { socketPath } = await startLocalApi((_, response) => {
      response.end('{"BackendState":"NeedsLogin","Health":["no secret"]}');
    });
    const api = open(socketPath, (text) => text.replaceAll('secret', '***'));
    expect((await api.status()).health).toEqual(['no ***']);
  });

  it('that is not there, or no socket, bears the system’s error', async () => {
    const absent = await failureOf(open('/nowhere/s.sock').status());
    expect(absent).toMatchObject({ code: 'MESH_DAEMON', cause: { code: 'ENOENT' } });
    const none = await failureOf(open('/etc/passwd').status());
    expect(none).toMatchObject({ code: 'MESH_DAEMON', cause: { code: 'ECONNREFUSED' } });
  });

  it('that speaks no HTTP is named', async () => {
    const { socketPath } = await startLocalApi(() => undefined);
    const server = createNetServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    const path = `${socketPath}2`;
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());
    expect((await failureOf(open(path).status())).code).toBe('MESH_DAEMON');
  });
});
