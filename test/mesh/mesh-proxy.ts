import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ProxySettings } from '../../src/mesh/proxy.ts';

/** Where `HOST:PORT` of the mesh leads: to a server here, or to none that answers: `silent`. */
export type Places = Readonly<Record<string, string>>;

/** A proxy as tailscaled has one: by CONNECT into a mesh that is made up. What it does not know it refuses with 502. */
export async function startMeshProxy(places: Places): Promise<{ proxy: ProxySettings; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer().on('connection', hold);
  server.on('connect', ({ url = '' }, socket: Socket) => {
    asked.push(url);
    const place = places[url];
    if (place === 'silent') return;
    if (place === undefined) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(place);
    const onward = hold(connect(Number(port), hostname)).on('connect', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { proxy: { http: url, https: url, noProxy: '', tunnelsAll: true }, asked };
}
