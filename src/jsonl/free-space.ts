import { statfsSync } from 'node:fs';
import { MeshBackupError } from '../errors.ts';

/** What is left free for others on a disk that we write to. */
export const RESERVE_BYTES = 16 * 1024 * 1024;

/** Asserts that the folder's disk takes this many bytes and keeps `RESERVE_BYTES` free. Throws `NO_ROOM`. */
export function assertRoom(folder: string, bytes: number, hint = 'Make room.'): void {
  const free = freeBytes(folder);
  if (free >= bytes + RESERVE_BYTES) return;
  const spare = `${inMiB(bytes)} needed and ${inMiB(RESERVE_BYTES)} to spare`;
  throw new MeshBackupError('NO_ROOM', `No room left in ${folder}: ${spare}, ${inMiB(free)} free.`, { hint });
}

/** What an ordinary user may still write to the folder's disk; Infinity where the file system does not tell: writing will show. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return blocks === 0 ? Infinity : bavail * bsize;
  } catch {
    return Infinity;
  }
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
