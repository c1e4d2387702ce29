import { constants, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { unreadable } from './storage-failure.ts';

/**
 * A named pipe as a stream, `undefined` where the path is none. Opening one the usual way blocks a thread until somebody
 * writes to it, and with it the end of the process. The signal ends the stream. Throws `FILE_UNREADABLE`.
 */
export async function openFifo(path: string, signal?: AbortSignal): Promise<Readable | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFIFO() !== true) return undefined;
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // does not wait, so it does not block
    return new Socket({ fd, readable: true, writable: false, ...(signal && { signal }) });
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
