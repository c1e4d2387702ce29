import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type CertificateName = 'server' | 'self-signed' | 'expired';

export interface TlsServer {
  readonly port: number;
  /** By address, which is one of the certificate's names; no slash at the end. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export function readPem(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url), 'utf8');
}

export function certificate(name: CertificateName): { cert: string; key: string } {
  return { cert: readPem(name), key: readFileSync(new URL('fixtures/server.key', import.meta.url), 'utf8') };
}

export async function startTlsServer(
  name: CertificateName = 'server',
  answer = (_request: IncomingMessage, response: ServerResponse): void => void response.end('{}'),
): Promise<TlsServer> {
  const server = createServer(certificate(name), answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
