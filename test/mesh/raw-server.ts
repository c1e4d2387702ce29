import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that says whatever bytes a test wants, for all that no well-behaved HTTP server says. */
export interface RawServer {
  /** No slash at the end. */
  readonly url: string;
  /** The requests' bytes as latin1, in order of arrival. */
  readonly requests: readonly string[];
  /** Connections ever made, and those that are open. */
  readonly connections: { made: number; open: number };
  readonly close: () => Promise<void>;
}

export type RawAnswer = (request: string, socket: Socket) => void;

export async function startRawServer(answer: RawAnswer, host = '127.0.0.1'): Promise<RawServer> {
  const requests: string[] = [];
  const connections = { made: 0, open: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections.made++;
    connections.open++;
    sockets.add(socket);
    let pending = '';
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      connections.open--;
      sockets.delete(socket);
    });
    socket.on('data', (data) => {
      pending += data.toString();
      if (!isWhole(pending)) return;
      requests.push(pending);
      answer(pending, socket);
      pending = '';
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    requests,
    connections,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

function isWhole(request: string): boolean {
  const head = request.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)$/im.exec(request)?.[1] ?? '0';
  return head !== -1 && request.length >= head + 4 + Number(length);
}

/** The bytes of an answer with a length; `headers` are whole lines, latin1. */
export function httpAnswer(body: string, headers: readonly string[] = [], status = '200 OK'): Buffer {
  const bytes = Buffer.from(body);
  const type = 'Content-Type: application/json';
  const head = [`HTTP/1.1 ${status}`, type, `Content-Length: ${bytes.length}`, ...headers];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}
