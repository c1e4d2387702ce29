import type { IncomingHttpHeaders } from 'node:http';
import { Agent, errors, request } from 'undici';
import { MeshBackupError, type ErrorCode } from '../errors.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** More than this ends the request with `PEER_TOO_LARGE`. */
  readonly maxBytes: number;
  /** Without a byte for so long the request ends with `PEER_SILENT`. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Connections to peers: at most one to each, kept open between requests. Follows no redirects, asks for no
 * content encoding, and bounds every answer. `close` ends what is under way.
 */
export class PeerHttp {
  readonly #agent: Agent;

  constructor(connectTimeoutMs: number) {
    this.#agent = new Agent({ connections: 1, connect: { timeout: connectTimeoutMs } });
  }

  /**
   * Sends one request and reads its whole answer, whatever its status.
   * Throws `PEER_UNREACHABLE`, `PEER_SILENT`, `PEER_CUT`, `PEER_TOO_LARGE`, `PEER_MALFORMED`, or the signal's reason.
   */
  async send({
    method,
    url,
    headers,
    body,
    maxBytes,
    idleTimeoutMs,
    signal,
  }: HttpRequest): Promise<HttpAnswer> {
    try {
      const answer = await request(url, {
        dispatcher: this.#agent,
        method,
        headers: { 'accept-encoding': 'identity', ...headers },
        body: body ?? null,
        headersTimeout: idleTimeoutMs,
        bodyTimeout: idleTimeoutMs,
        signal,
      });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes) {
          throw new MeshBackupError('PEER_TOO_LARGE', `an answer of more than ${maxBytes} bytes`, {
            hint: 'Ask for smaller pages (--page-size) or allow larger ones (--max-page-bytes).',
          });
        }
        chunks.push(chunk);
      }
      return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks, bytes) };
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof MeshBackupError ? error : peerError(error);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const SILENT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function peerError(error: unknown): MeshBackupError {
  const cause = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = cause instanceof Error ? cause.message : String(cause);
  const kind: ErrorCode = UNREACHABLE.has(code)
    ? 'PEER_UNREACHABLE'
    : SILENT.has(code)
      ? 'PEER_SILENT'
      : error instanceof errors.HTTPParserError || code === 'UND_ERR_HEADERS_OVERFLOW'
        ? 'PEER_MALFORMED'
        : 'PEER_CUT';
  return new MeshBackupError(kind, message || code, { retryable: kind !== 'PEER_MALFORMED', cause: error });
}
