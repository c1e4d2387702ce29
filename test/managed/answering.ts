import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AuthoritySettings } from '../../src/managed/authority-check.ts';
import { PeerHttp } from '../../src/mesh/http.ts';

/** What a well authority answers. */
export const WELL = {
  '/healthz': '{"status":"ok"}',
  '/readyz': '{"status":"ready"}',
  '/connectome.json': '{"treaties": [], "revocation_blast_radius": {}}',
  '/nodes': '[]',
  '/crl': '{"sequence": 9007199254740993}',
  '/policy': '{}',
} as const;

export type Answers = Readonly<Record<string, string | ((response: ServerResponse) => unknown)>>;

/** A server that answers so, until the test ends; a path that is not named is not there. */
export async function answering(
  answers: Answers,
): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (typeof answer === 'function') void answer(response);
    else response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** The URL of a port on which nobody listens. */
export async function nobody(): Promise<string> {
  const { url, server } = await answering({});
  server.close();
  await once(server, 'close');
  return url;
}

export function settingsFor(url: string, changes: Partial<AuthoritySettings> = {}): AuthoritySettings {
  const http = new PeerHttp({ connectTimeoutMs: 10_000, plainHttp: 'near' });
  onTestFinished(() => http.close());
  const { signal } = new AbortController();
  return { http, url: new URL(url), requestTimeoutMs: 20_000, signal, ...changes };
}
