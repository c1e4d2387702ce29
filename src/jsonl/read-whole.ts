import type { Readable } from 'node:stream';
import { MeshBackupError } from '../errors.ts';
import { openFifo } from './fifo.ts';
import { InputFile } from './input-file.ts';
import { InputStream } from './input-stream.ts';

/**
 * Reads all of a file, or of a stream that was `given` (`path` is what people know it by). Throws `FILE_UNREADABLE`, also where there are
 * more than `maxBytes`, and the signal's reason.
 */
export async function readWhole(
  path: string,
  given: Readable | undefined,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  signal.throwIfAborted();
  const stream = given ?? (await openFifo(path, signal));
  const stop = (): void => {
    stream?.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const input = stream === undefined ? await InputFile.open(path) : await InputStream.open(path, stream);
    if (input === undefined) throw unreadable(path, 'no such file');
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of input.chunks()) {
        length += chunk.length;
        if (length > maxBytes) throw unreadable(path, `it is longer than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
    } finally {
      await input.close();
    }
    signal.throwIfAborted();
    return Buffer.concat(chunks);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function unreadable(path: string, why: string): MeshBackupError {
  return new MeshBackupError('FILE_UNREADABLE', `Cannot read ${path}: ${why}.`);
}
