import { open } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { MAX_EVENT_BYTES } from '../event/event-view.ts';

/** A line of a file, without its line feed. */
export interface Line {
  /** Shared with other lines of the batch. */
  readonly bytes: Buffer;
  /** From 1. */
  readonly number: number;
  /** The file ends before the line does: what wrote it was stopped, or writes still. */
  readonly isTorn: boolean;
  /** The line is longer than `MAX_LINE_BYTES`; its bytes are not here. */
  readonly isOverlong: boolean;
}

/** The longest line that is read: an event, and room for blanks around it. */
export const MAX_LINE_BYTES = MAX_EVENT_BYTES + 1024;
const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const BOM = Buffer.from('\ufeff');
const NOTHING = Buffer.alloc(0);

/**
 * Reads a file's lines in batches, up to the size that the file has now: what is appended meanwhile is not read. Pipes
 * and devices have no size and are read to their end. A BOM before the first line is no part of it.
 * Yields nothing for a file that is not there. Throws `FILE_UNREADABLE`.
 */
export async function* readLines(path: string): AsyncGenerator<readonly Line[], void, undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    const stat = await file.stat();
    let left = stat.isFile() ? stat.size : Infinity;
    let rest: Buffer = Buffer.alloc(0);
    let number = 1;
    let isOverlong = false;
    const line = (bytes: Buffer, isTorn: boolean): Line => {
      const isFirst = number === 1 && bytes.subarray(0, BOM.length).equals(BOM);
      const text = isOverlong ? NOTHING : isFirst ? bytes.subarray(BOM.length) : bytes;
      return { bytes: text, number: number++, isTorn, isOverlong };
    };
    while (left > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      left -= bytesRead;
      const text = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const lines: Line[] = [];
      let start = 0;
      for (let end = text.indexOf(LINE_FEED); end !== -1; end = text.indexOf(LINE_FEED, start)) {
        lines.push(line(text.subarray(start, end), false));
        isOverlong = false;
        start = end + 1;
      }
      rest = text.subarray(start);
      if (rest.length > MAX_LINE_BYTES) {
        isOverlong = true;
        rest = NOTHING;
      }
      yield lines;
    }
    if (rest.length > 0 || isOverlong) yield [line(rest, true)];
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
