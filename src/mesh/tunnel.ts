import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client, type buildConnector } from 'undici';
import { MeshBackupError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import type { Proxy } from './proxy.ts';
import { tunnelFailed, tunnelRefused } from './proxy-failure.ts';
import { nameTlsFailure } from './tls-failure.ts';

/**
 * Connections through a proxy by CONNECT. Stands in for undici's `ProxyAgent`, which dials again at once and without
 * end where a proxy hangs up, and names no status of a refusal.
 */
export class Tunnel {
  readonly #proxy: Proxy;
  readonly #client: Client;
  readonly #secure: buildConnector.connector;
  readonly #connectTimeoutMs: number;
  readonly #closing = new AbortController();
  #socket: Duplex | undefined;

  /** `dialProxy` makes the connection to the proxy, `secure` the TLS to the peer inside the tunnel. */
  constructor(
    proxy: Proxy,
    dialProxy: buildConnector.connector,
    secure: buildConnector.connector,
    connectTimeoutMs: number,
  ) {
    this.#proxy = proxy;
    this.#secure = secure;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#client = new Client(proxy.origin, {
      // undici takes the name for TLS from the header Host, which for CONNECT is the peer's.
      connect: (options, callback) => {
        dialProxy({ ...options, servername: '' }, callback);
      },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** For undici's `Client`. Fails with `PEER_UNREACHABLE`, `PROXY_REFUSED`, `PEER_TLS`, and as `secure` does. */
  readonly connect: buildConnector.connector = (options, callback) => {
    this.#open(authorityOf(options)).then(
      (socket) => {
        if (options.protocol === 'https:') this.#secure({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => {
        callback(error as Error, null);
      },
    );
  };

  async #open(authority: string): Promise<Socket> {
    const proxy = this.#proxy;
    const wait = new Deadline(this.#closing.signal, this.#connectTimeoutMs, () =>
      tunnelFailed(proxy, authority, `no tunnel within ${this.#connectTimeoutMs / 1000} s`, undefined),
    );
    try {
      const { statusCode, socket } = await this.#client.connect({
        path: authority,
        headers: {
          host: authority,
          ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
        },
        signal: wait.signal,
      });
      this.#socket = socket;
      if (socket instanceof Socket && statusCode >= 200 && statusCode < 300) return socket;
      socket.on('error', () => undefined).destroy();
      throw tunnelRefused(proxy, authority, statusCode);
    } catch (error) {
      throw nameFailure(error, proxy, authority);
    } finally {
      wait.end();
    }
  }

  /** Ends what is under way, and the connection through the tunnel. */
  async close(): Promise<void> {
    this.#closing.abort(new MeshBackupError('INTERRUPTED', 'the tunnel was closed by us'));
    this.#socket?.destroy();
    await this.#client.destroy();
  }
}

/** The errors of undici would not do: it tries again for ever where a connection fails with one of its own. */
function nameFailure(error: unknown, proxy: Proxy, authority: string): MeshBackupError {
  if (error instanceof MeshBackupError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return nameTlsFailure(error, `the proxy ${proxy.origin}`) ?? tunnelFailed(proxy, authority, reason, error);
}

/** `HOST:PORT`, also where the port is the protocol's own. */
function authorityOf({ host, hostname, port, protocol }: buildConnector.Options): string {
  return `${host ?? hostname}${port === '' ? `:${protocol === 'https:' ? 443 : 80}` : ''}`;
}
