import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { certificate } from './tls-server.ts';

/** A proxy that leads every name to one server, by tunnel (CONNECT) and by forwarding. */
export interface ProxyServer {
  /** No slash at the end. */
  readonly url: string;
  /** `METHOD target`, and the credentials that came with it, in order of arrival. */
  readonly asked: readonly string[];
  readonly authorizations: readonly (string | undefined)[];
  /** Connections that are open: to the proxy and from it. */
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

export interface ProxyBehaviour {
  /** What is done with a CONNECT in place of a tunnel. */
  readonly onConnect?: (socket: Socket) => void;
  /** A status for all that is to be forwarded. */
  readonly forwardStatus?: number;
  /** The proxy itself speaks TLS, with the fixtures' certificate. */
  readonly tls?: boolean;
}

export async function startProxy(targetUrl: string, behaviour: ProxyBehaviour = {}): Promise<ProxyServer> {
  const target = new URL(targetUrl);
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const note = ({ method, url, headers }: IncomingMessage): void => {
    asked.push(`${String(method)} ${String(url)}`);
    authorizations.push(headers['proxy-authorization']);
  };
  const server: Server = behaviour.tls === true ? createTlsServer(certificate('server')) : createServer();
  server.on('connection', hold);
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    note(incoming);
    if (behaviour.onConnect !== undefined) {
      behaviour.onConnect(socket);
      return;
    }
    const onward = hold(connect(Number(target.port), target.hostname)).on('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('close', () => socket.destroy());
    socket.on('error', () => undefined).on('close', () => onward.destroy());
  });
  server.on('request', (incoming, response) => {
    note(incoming);
    if (behaviour.forwardStatus !== undefined) {
      response.writeHead(behaviour.forwardStatus).end('from the proxy');
      return;
    }
    const { pathname, search } = new URL(String(incoming.url));
    const { method, headers } = incoming;
    const onward = request(target, { method, headers, path: pathname + search }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward.on('socket', hold).on('error', () => response.destroy()));
    response.on('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${behaviour.tls === true ? 'https' : 'http'}://127.0.0.1:${port}`,
    asked,
    authorizations,
    open: () => sockets.size,
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
