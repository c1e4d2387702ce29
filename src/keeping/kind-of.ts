import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants as zlib, gunzipSync } from 'node:zlib';
import { unreadable } from '../jsonl/storage-failure.ts';
import type { FoundFile, Kind, NoBackup } from './probe.ts';

/** Enough for the first header of a tar, however badly it compresses. */
const HEAD_BYTES = 4096;
const READ_FLAGS =
  process.platform === 'win32'
    ? constants.O_RDONLY
    : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const GZIP = Buffer.of(0x1f, 0x8b);
const SQLITE = Buffer.from('SQLite format 3\0');
const BRACE = '{'.charCodeAt(0);
const BLANKS = /^[ \t\r\n]*/;

/** What a file's first bytes show. Throws `FILE_UNREADABLE`. */
export async function kindOf({ path }: FoundFile): Promise<Kind | NoBackup> {
  return kindOfHead(await readHead(path));
}

export function kindOfHead(head: Buffer): Kind | NoBackup {
  if (head.length === 0) return { reason: 'empty' };
  const isCompressed = head.subarray(0, GZIP.length).equals(GZIP);
  const plain = isCompressed ? gunzipHead(head) : head;
  if (plain === undefined) return { reason: 'gzip, damaged from its beginning on' };
  // A line of JSON may have what it likes at the place where a tar has its mark.
  const isJson = plain[BLANKS.exec(plain.toString('latin1'))![0].length] === BRACE;
  if (isJson) return 'events';
  if (plain.toString('latin1', 257, 262) === 'ustar')
    return isCompressed ? 'snapshot' : { reason: 'a tar that is not compressed' };
  if (!plain.subarray(0, SQLITE.length).equals(SQLITE)) return { reason: 'no backup by its content' };
  return isCompressed ? { reason: 'a compressed database' } : 'managed';
}

/** `undefined`: no gzip after all, or a damaged one. Nothing at all is nothing, and not damaged. */
function gunzipHead(head: Buffer): Buffer | undefined {
  try {
    return gunzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const file = await open(path, READ_FLAGS);
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
