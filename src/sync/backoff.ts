import { MeshBackupError, type ErrorCode } from '../errors.ts';
import type { RetryBounds } from './walk-options.ts';

/**
 * Whether the same request can succeed in a moment. Silence and a lost connection only once the peer has answered:
 * before, they are what peers that are not there look like, and there may be hundreds.
 */
export function isTransient(error: unknown, hasAnswered: boolean): boolean {
  if (!(error instanceof MeshBackupError)) return false;
  const { code, retryable } = error;
  if (code === 'PEER_CUT') return true;
  return code === 'PEER_STATUS' ? retryable : hasAnswered && ONLY_IF_THERE.has(code);
}

const ONLY_IF_THERE = new Set<ErrorCode>(['PEER_SILENT', 'PEER_UNREACHABLE']);

/** How long to wait after so many tries: exponential, and never the same for two peers that failed together. */
export function backoffMs({ firstDelayMs, maxDelayMs }: RetryBounds, tries: number): number {
  return Math.min(maxDelayMs, firstDelayMs * 2 ** (tries - 1)) * (1 - Math.random() / 2);
}

/** A `Retry-After` header, in seconds or as a date; `undefined` where there is none, or none that can be read. */
export function parseRetryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Other texts can be dates to Date.parse, too.
  const atMs = /^[A-Z][a-z]+, /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
