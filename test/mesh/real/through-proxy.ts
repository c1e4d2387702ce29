import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Gets a page of the mesh through the HTTP proxy of a node. Throws unless it is a 200. */
export async function fetchThrough(proxyPort: number, url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(url);
    const target = { host: '127.0.0.1', port: proxyPort, path: url, headers: { host }, signal };
    request(target, (answer) => {
      text(answer).then((body) => {
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`${url}: ${answer.statusCode ?? 0}`));
      }, reject);
    })
      .on('error', reject)
      .end();
  });
}

/** Whether the proxy of a node gets a connection to a port of an address on the mesh in time. */
export async function connectsThrough(
  proxyPort: number,
  address: string,
  port: number,
  maxMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const path = `${address}:${port}`;
    const signal = AbortSignal.timeout(maxMs);
    request({ host: '127.0.0.1', port: proxyPort, method: 'CONNECT', path, headers: { host: path }, signal })
      .on('connect', (answer, socket) => {
        socket.destroy();
        resolve(answer.statusCode === 200);
      })
      .on('response', () => {
        resolve(false);
      })
      .on('error', () => {
        resolve(false);
      })
      .end();
  });
}
