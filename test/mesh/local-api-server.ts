import { createServer, type RequestListener } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { closeServer } from './listening.ts';

/** A LocalAPI on a socket of its own, as long as a test is; like tailscaled's it answers to one name, and to no browser. */
export async function startLocalApi(answer: RequestListener): Promise<{ readonly socketPath: string }> {
  const folder = mkdtempSync('/tmp/mesh-test-');
  const socketPath = join(folder, 's.sock');
  const server = createServer((request, response) => {
    if (request.headers.host === 'local-tailscaled.sock' && request.headers.origin === undefined) {
      answer(request, response);
    } else response.writeHead(403).end('invalid localapi request');
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(async () => {
    await closeServer(server);
    rmSync(folder, { recursive: true, force: true });
  });
  return { socketPath };
}

/** One that answers `status` with this. */
export function startStatus(status: unknown): Promise<{ readonly socketPath: string }> {
  return startLocalApi((request, response) => {
    if (request.url === '/localapi/v0/status') response.end(JSON.stringify(status));
    else response.writeHead(500).end('a setting was to be changed');
  });
}
