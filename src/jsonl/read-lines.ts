import { open } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';

/** A line of a file, without its line feed. */
export interface Line {
  /** Shared with other lines of the batch. */
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** The file ends before the line does: what wrote it was stopped, or writes still. */
  readonly isTorn: boolean;
}

/** The longest line that is read; a longer one is passed over and comes out empty, with `isTorn`. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * Reads a file's lines in batches, up to the size that the file has now: what is appended meanwhile is not read.
 * Yields nothing for a file that is not there. Throws `FILE_UNREADABLE`.
 */
export async function* readLines(path: string): AsyncGenerator<readonly Line[], void, undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    let left = (await file.stat()).size;
    let rest: Buffer = Buffer.alloc(0);
    let number = 1;
    let isOverlong = false;
    while (left > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left));
      const { bytesRead } = await file.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      left -= bytesRead;
      const text =
        rest.length === 0
          ? chunk.subarray(0, bytesRead)
          : Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const lines: Line[] = [];
      let start = 0;
      for (let end = text.indexOf(LINE_FEED); end !== -1; end = text.indexOf(LINE_FEED, start)) {
        const bytes = isOverlong ? text.subarray(0, 0) : text.subarray(start, end);
        lines.push({ bytes, number: number++, isTorn: isOverlong });
        isOverlong = false;
        start = end + 1;
      }
      rest = text.subarray(start);
      if (rest.length > MAX_LINE_BYTES) {
        isOverlong = true;
        rest = Buffer.alloc(0);
      }
      yield lines;
    }
    if (rest.length > 0 || isOverlong)
      yield [{ bytes: isOverlong ? Buffer.alloc(0) : rest, number, isTorn: true }];
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<Awaited<ReturnType<typeof open>> | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): MeshBackupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MeshBackupError('FILE_UNREADABLE', `Cannot read ${path}: ${reason}`, { cause });
}
