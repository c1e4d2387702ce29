import { createServer, request as forward, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { SandboxNara } from '../../src/sandbox/nara.ts';

/** A request that came to the door. */
export interface DoorRequest {
  readonly path: string;
  readonly body: string;
  /** An import that holds events. */
  readonly isImport: boolean;
}

/** What the door does instead of passing a request on. */
export type Doing = 'reset' | 'silence' | { readonly status: number; readonly body?: string };

/** A proxy before a nara, with moods. */
export interface Door {
  /** No slash at the end. */
  readonly url: string;
  readonly requests: readonly DoorRequest[];
}

type Decision = Doing | Pick<SandboxNara, 'url'> | undefined;
type Decide = (request: DoorRequest, imports: number) => Decision | Promise<Decision>;

/**
 * Opens a door before a nara: all that `decide` says nothing about is passed on, to another nara where it names one.
 * `imports` counts those that hold events, this one included. Closed at the end of the test.
 */
export async function startDoor(nara: Pick<SandboxNara, 'url'>, decide: Decide): Promise<Door> {
  const requests: DoorRequest[] = [];
  let imports = 0;
  const server = createServer((incoming, response) => {
    const handle = async (): Promise<void> => {
      const bytes = await buffer(incoming);
      const { url: path = '' } = incoming;
      const body = bytes.toString();
      const isImport = path === '/api/events/import' && !body.startsWith('{"events":[]');
      const request = { path, body, isImport };
      requests.push(request);
      if (isImport) imports++;
      const doing = (await decide(request, imports)) ?? nara;
      if (doing === 'silence') return;
      if (doing === 'reset') {
        incoming.socket.resetAndDestroy();
        return;
      }
      if ('status' in doing) {
        response.writeHead(doing.status, { 'content-type': 'application/json' }).end(doing.body ?? '');
        return;
      }
      const answer = await passOn(incoming, bytes, doing.url);
      const answered = await buffer(answer);
      response.writeHead(answer.statusCode ?? 0, answer.headers).end(answered);
    };
    handle().catch(() => response.destroy()); // the nara behind it broke the connection off
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function passOn(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  to: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    forward(`${to}${url}`, { method, headers, agent: false }, resolve).once('error', reject).end(body);
  });
}

/** What a nara says to a signature that does not fit. */
export const SIGNATURE_REFUSED: Doing = {
  status: 403,
  body: JSON.stringify({
    success: false,
    imported: 0,
    duplicates: 0,
    error: 'Authentication failed: signature verification failed',
  }),
};
