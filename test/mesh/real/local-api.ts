import { request } from 'node:http';
import { text } from 'node:stream/consumers';

const TIMEOUT_MS = 15_000;

/** Asks a tailscaled over its socket. Throws unless it answers with a 2xx. */
export async function callLocalApi(
  socketPath: string,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: object,
): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = { host: 'local-tailscaled.sock' };
  return new Promise((resolve, reject) => {
    const asking = request(
      { socketPath, method, path: `/localapi/v0/${path}`, headers, signal },
      (answer) => {
        const { statusCode = 0 } = answer;
        text(answer).then((said) => {
          if (statusCode >= 200 && statusCode < 300) resolve(said);
          else reject(new Error(`${method} ${path}: ${statusCode} ${said}`));
        }, reject);
      },
    );
    asking.on('error', reject).end(body && JSON.stringify(body));
  });
}
