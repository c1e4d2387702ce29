import type { IncomingHttpHeaders } from 'node:http';
import type { LookupFunction } from 'node:net';
import { MeshBackupError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import { nameConnectFailure, nameFailure } from './http-failure.ts';
import { proxyStatus } from './proxy-failure.ts';
import type { ProxySettings } from './proxy.ts';
import { makeRoute, type Route, type RouteSettings } from './route.ts';
import { tlsOptions, type TlsSettings } from './tls-settings.ts';
import { unlessAborted } from './unless-aborted.ts';
import { basePathOf } from './url-parts.ts';

export interface HttpSettings {
  /** For each step of a connection: to the host or proxy, through the proxy, TLS. */
  readonly connectTimeoutMs: number;
  readonly tls?: TlsSettings | undefined;
  /** None by default: whoever wants the environment's says so, by `proxyFromEnvironment`. */
  readonly proxy?: ProxySettings | undefined;
  /** Plain http to anybody (the default), or only where an address on this machine, a tailnet or a private network is dialled. */
  readonly plainHttp?: 'anywhere' | 'near' | undefined;
  /** Resolves names; the system's resolver by default. */
  readonly lookup?: LookupFunction | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Below the peer's URL, which may itself have a path (a proxy's). */
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  /** More than this ends the request with `PEER_TOO_LARGE`. */
  readonly maxBytes: number;
  /** Without a byte for so long the request ends with `PEER_SILENT`. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Told of each piece of the answer's body. */
  readonly onBytes?: (count: number) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Good until the connection's next request: the memory is used again. */
  readonly body: Buffer;
}

const FIRST_BODY_BYTES = 64 * 1024;

/** Opens connections to peers. `close` ends what is under way on them. */
export class PeerHttp {
  readonly #settings: RouteSettings;
  readonly #connections = new Set<PeerConnection>();

  /** Throws `USAGE` for a `ca` without certificates. */
  constructor({ connectTimeoutMs, tls = {}, proxy, plainHttp = 'anywhere', lookup }: HttpSettings) {
    const peerTls = tlsOptions(tls);
    this.#settings = {
      connectTimeoutMs,
      tls: { peer: peerTls, proxy: { ...peerTls, rejectUnauthorized: true } },
      proxy,
      plainHttp,
      lookup,
    };
  }

  /**
   * The connection to one peer, which is made with its first request; whoever called this closes it.
   * Throws `PLAIN_HTTP` where the URL alone shows that plain http may not go there, `USAGE` for a proxy that is none.
   */
  connect(peer: URL): PeerConnection {
    const connection = new PeerConnection(makeRoute(peer, this.#settings), basePathOf(peer), () => {
      this.#connections.delete(connection);
    });
    this.#connections.add(connection);
    return connection;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }
}

/**
 * One connection to one peer, kept open between requests and made again where it broke; send one request at a time.
 * Follows no redirects, asks for no content encoding, and bounds every answer.
 */
export class PeerConnection {
  readonly #route: Route;
  readonly #pathPrefix: string;
  readonly #onClose: () => void;
  #connectError: unknown;
  /** Bodies, one after another: memory that is thrown away by the megabyte is collected late. */
  #body: Buffer = Buffer.alloc(0);
  #isClosed = false;

  /** Use `PeerHttp.connect`. */
  constructor(route: Route, basePath: string, onClose: () => void) {
    this.#route = route;
    this.#pathPrefix = route.prefix + basePath;
    this.#onClose = onClose;
    route.client.on('connectionError', (_origin, _targets, error) => (this.#connectError = error));
  }

  /**
   * Sends one request and reads its whole answer, whatever its status.
   * Throws `PEER_UNREACHABLE`, `PEER_SILENT`, `PEER_CUT`, `PEER_TOO_LARGE`, `PEER_MALFORMED`, `PEER_TLS`,
   * `PROXY_REFUSED`, `PLAIN_HTTP`, `INTERRUPTED` once it is closed, or the signal's reason.
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { idleTimeoutMs } = request;
    const idle = new Deadline(request.signal, idleTimeoutMs, () => {
      return new MeshBackupError('PEER_SILENT', `no byte for ${idleTimeoutMs / 1000} s`, { retryable: true });
    });
    try {
      const answer = await this.#exchange(request, idle);
      const { forwarder } = this.#route;
      // No server says this one, only a proxy.
      if (forwarder !== undefined && answer.status === 407) throw proxyStatus(forwarder, answer.status);
      return answer;
    } catch (error) {
      idle.signal.throwIfAborted();
      if (error instanceof MeshBackupError) throw error;
      if (this.#isClosed) throw new MeshBackupError('INTERRUPTED', 'the connection was closed by us');
      throw error === this.#connectError
        ? nameConnectFailure(error, this.#route.forwarder)
        : nameFailure(error);
    } finally {
      idle.end();
    }
  }

  async #exchange(request: HttpRequest, idle: Deadline): Promise<HttpAnswer> {
    const { method, path, headers, body, maxBytes, onBytes } = request;
    const asking = this.#route.client.request({
      method,
      path: this.#pathPrefix + path,
      headers: { 'accept-encoding': 'identity', ...headers, ...this.#route.headers },
      body: body ?? null,
      signal: idle.signal,
    });
    // undici heeds the signal only once it is connected.
    const answer = await unlessAborted(asking, idle.signal);
    idle.restart();
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      idle.restart();
      onBytes?.(chunk.length);
      if (bytes + chunk.length > maxBytes) throw tooLarge(maxBytes);
      this.#keep(chunk, bytes);
      bytes += chunk.length;
    }
    return { status: answer.statusCode, headers: answer.headers, body: this.#body.subarray(0, bytes) };
  }

  /** Puts a piece of a body behind those before it. */
  #keep(chunk: Buffer, at: number): void {
    if (at + chunk.length > this.#body.length) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(FIRST_BODY_BYTES, 2 * this.#body.length, at + chunk.length),
      );
      this.#body.copy(larger, 0, 0, at);
      this.#body = larger;
    }
    chunk.copy(this.#body, at);
  }

  /** Ends what is under way; a second call changes nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onClose();
    await this.#route.close();
  }
}

function tooLarge(maxBytes: number): MeshBackupError {
  return new MeshBackupError('PEER_TOO_LARGE', `an answer of more than ${maxBytes} bytes`, {
    hint: 'Ask for smaller pages (--page-size) or allow larger ones (--max-page-bytes).',
  });
}
