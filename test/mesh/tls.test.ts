import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, failureOf, resolvingTo, started } from './asking.ts';
import { readPem, startTlsServer, type CertificateName } from './tls-server.ts';

const CA = readPem('ca');
const LOCAL = resolvingTo('127.0.0.1');

describe('a certificate', () => {
  it.each<[string, CertificateName, string]>([
    ['of a CA that was named', 'server', CA],
    ['that was named itself', 'self-signed', readPem('self-signed')],
    ['of one of several CAs', 'server', readPem('self-signed') + CA],
  ])('%s is taken', async (_what, name, ca) => {
    const { port } = await started(startTlsServer(name));
    for (const host of ['127.0.0.1', 'localhost', 'alice.test']) {
      const answer = await ask(`https://${host}:${port}`, { tls: { ca }, lookup: LOCAL });
      expect(answer.status).toBe(200);
    }
  });

  it.each<[string, CertificateName, string, string | undefined, string, string]>([
    [
      'of nobody known',
      'server',
      'alice.test',
      undefined,
      'is signed by somebody who is not known',
      '--ca-file',
    ],
    ['signed by itself', 'self-signed', 'alice.test', undefined, 'is signed by itself alone', '--ca-file'],
    ['signed by itself, not by the CA', 'self-signed', 'alice.test', CA, 'is signed by itself', '--ca-file'],
    ['that has expired', 'expired', 'alice.test', CA, 'has expired', 'renewed'],
    ['for another host', 'server', 'bob.test', CA, 'is for another host', 'by a name that is in its'],
  ])('%s is refused', async (_what, name, host, ca, says, hint) => {
    const { port } = await started(startTlsServer(name));
    const failure = await failureOf(ask(`https://${host}:${port}`, { tls: { ca }, lookup: LOCAL }));
    expect(failure).toMatchObject({ code: 'PEER_TLS', exitStatus: 14, retryable: false });
    expect(failure.message).toContain(`the certificate of the server ${says}`);
    expect(failure.hint).toContain(hint);
    const insecure = await ask(`https://${host}:${port}`, { tls: { ca, insecure: true }, lookup: LOCAL });
    expect(insecure.status).toBe(200);
  });

  it('is in PEM, or there is nothing to trust', async () => {
    for (const ca of ['', 'no PEM', CA.replaceAll('\n', ''), CA.slice(0, 200)]) {
      const failure = await failureOf(ask('https://127.0.0.1:1', { tls: { ca } }));
      expect([failure.code, failure.message]).toEqual([
        'USAGE',
        'What was given as CA holds no certificate in PEM.',
      ]);
    }
  });
});

it('a server without TLS is named as such', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const failure = await failureOf(ask(`https://127.0.0.1:${port}`));
  expect(failure).toMatchObject({ code: 'PEER_TLS', hint: 'Is it an http:// address?' });
});
