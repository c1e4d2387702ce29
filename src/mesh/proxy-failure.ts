import { MeshBackupError } from '../errors.ts';

const HINT = 'Is it the right proxy (HTTPS_PROXY, HTTP_PROXY)? Hosts in NO_PROXY are asked directly.';

/** What a proxy's own HTTP status means; `origin` is its address without credentials. */
export function proxyStatus(origin: string, status: number): MeshBackupError {
  if (status >= 500) {
    return new MeshBackupError('PEER_UNREACHABLE', `the proxy ${origin} gets no connection: HTTP ${status}`, {
      hint: HINT,
      retryable: true,
    });
  }
  return status === 407
    ? new MeshBackupError('PROXY_REFUSED', `the proxy ${origin} wants other credentials: HTTP 407`, {
        hint: 'They belong into its URL: HTTPS_PROXY or HTTP_PROXY=http://USER:PASSWORD@HOST:PORT.',
      })
    : new MeshBackupError('PROXY_REFUSED', `the proxy ${origin} refuses to connect us: HTTP ${status}`, {
        hint: HINT,
      });
}

/** No way to a proxy, or none through it. */
export function proxyUnreachable(origin: string, reason: string, cause: unknown): MeshBackupError {
  return new MeshBackupError('PEER_UNREACHABLE', `the proxy ${origin} cannot be reached: ${reason}`, {
    hint: HINT,
    retryable: true,
    cause,
  });
}
