import { write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { codeOf } from './storage-failure.ts';

const writeSome = promisify(write);
const MAX_WAIT_MS = 32;

/**
 * Writes all the bytes at the descriptor's position, also where the system takes them in parts, or has a pipe that asks
 * us to come again. Throws the system's errors.
 */
export async function writeFully(fd: number, bytes: Uint8Array): Promise<void> {
  let waitMs = 1;
  for (let at = 0; at < bytes.length;) {
    try {
      at += (await writeSome(fd, bytes, at, bytes.length - at, null)).bytesWritten;
      waitMs = 1;
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      await wait(waitMs);
      waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
    }
  }
}
