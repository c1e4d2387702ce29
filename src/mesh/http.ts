import type { IncomingHttpHeaders } from 'node:http';
import { Client } from 'undici';
import { MeshBackupError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import { nameFailure } from './http-failure.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Below the peer's URL, which may itself have a path (a proxy's). */
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
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
  readonly #connectTimeoutMs: number;
  readonly #connections = new Set<PeerConnection>();

  constructor(connectTimeoutMs: number) {
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** The connection to one peer, which is made with its first request; whoever called this closes it. */
  connect(peer: URL): PeerConnection {
    const connection = new PeerConnection(peer, this.#connectTimeoutMs, () => {
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
  readonly #client: Client;
  readonly #basePath: string;
  readonly #onClose: () => void;
  #connectError: unknown;
  /** Bodies, one after another: memory that is thrown away by the megabyte is collected late. */
  #body: Buffer = Buffer.alloc(0);
  #isClosed = false;

  /** Use `PeerHttp.connect`. */
  constructor(peer: URL, connectTimeoutMs: number, onClose: () => void) {
    // The time-outs are ours: undici's are up to a second late.
    this.#client = new Client(peer.origin, {
      connect: { timeout: connectTimeoutMs },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#client.on('connectionError', (_origin, _targets, error) => (this.#connectError = error));
    this.#basePath = peer.pathname.replace(/\/+$/, '');
    this.#onClose = onClose;
  }

  /**
   * Sends one request and reads its whole answer, whatever its status.
   * Throws `PEER_UNREACHABLE`, `PEER_SILENT`, `PEER_CUT`, `PEER_TOO_LARGE`, `PEER_MALFORMED`, `INTERRUPTED` once it is
   * closed, or the signal's reason.
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { idleTimeoutMs } = request;
    const idle = new Deadline(request.signal, idleTimeoutMs, () => {
      return new MeshBackupError('PEER_SILENT', `no byte for ${idleTimeoutMs / 1000} s`, { retryable: true });
    });
    try {
      return await this.#exchange(request, idle);
    } catch (error) {
      idle.signal.throwIfAborted();
      if (error instanceof MeshBackupError) throw error;
      if (this.#isClosed) throw new MeshBackupError('INTERRUPTED', 'the connection was closed by us');
      throw nameFailure(error, error === this.#connectError);
    } finally {
      idle.end();
    }
  }

  async #exchange(request: HttpRequest, idle: Deadline): Promise<HttpAnswer> {
    const { method, path, headers, body, maxBytes, onBytes } = request;
    const answer = await this.#client.request({
      method,
      path: this.#basePath + path,
      headers: { 'accept-encoding': 'identity', ...headers },
      body: body ?? null,
      signal: idle.signal,
    });
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
    await this.#client.destroy();
  }
}

function tooLarge(maxBytes: number): MeshBackupError {
  return new MeshBackupError('PEER_TOO_LARGE', `an answer of more than ${maxBytes} bytes`, {
    hint: 'Ask for smaller pages (--page-size) or allow larger ones (--max-page-bytes).',
  });
}
