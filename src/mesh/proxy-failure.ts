import { MeshBackupError } from '../errors.ts';
import type { Proxy } from './proxy.ts';

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

/** A proxy answered CONNECT with a status that is none of success; `authority` is the peer's `HOST:PORT`. */
export function tunnelRefused(
  { origin, tunnelsAll }: Proxy,
  authority: string,
  status: number,
): MeshBackupError {
  if (!tunnelsAll) return proxyStatus(origin, status);
  return notOnTheMesh(authority, `tailscaled answers HTTP ${status}`, undefined);
}

/** A proxy made no tunnel, and gave no answer. */
export function tunnelFailed(
  { origin, tunnelsAll }: Proxy,
  authority: string,
  reason: string,
  cause: unknown,
): MeshBackupError {
  return tunnelsAll ? notOnTheMesh(authority, reason, cause) : proxyUnreachable(origin, reason, cause);
}

function notOnTheMesh(authority: string, reason: string, cause: unknown): MeshBackupError {
  return new MeshBackupError('PEER_UNREACHABLE', `no connection to ${authority} over the mesh: ${reason}`, {
    hint: 'Is that machine online, and does a nara run on it?',
    retryable: true,
    cause,
  });
}
