import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { verifyFile as verify, type VerifiedSnapshot } from '../../src/snapshot/snapshot.ts';
import type { Trust } from '../../src/snapshot/trust.ts';

export const MAX_BYTES = 64 * 1024 * 1024;
export const NEVER = new AbortController().signal;

/** The path of a file of `fixtures/stigmem`. */
export function vector(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/stigmem/${name}`, import.meta.url));
}

export function readVector(name: string): Buffer {
  return readFileSync(vector(name));
}

export const TRUSTED = JSON.parse(readFileSync(vector('trusted-keys.json'), 'utf8')) as string[];

export async function verifyFile(
  path: string,
  trust: Trust = { kind: 'default' },
  maxBytes = MAX_BYTES,
): Promise<VerifiedSnapshot> {
  return verify(path, trust, { maxBytes, signal: NEVER });
}

/** The code that it fails with, or `OK`. */
export async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => 'OK',
    (error: unknown) => (error as { readonly code?: unknown }).code ?? error,
  );
}
