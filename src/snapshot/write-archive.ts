import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { assertRoom } from '../jsonl/free-space.ts';
import { unreadable, unwritable } from '../jsonl/storage-failure.ts';
import { writeFully } from '../jsonl/write-fully.ts';
import { ARTIFACTS_FOLDER, CURSOR_NAME, DATABASE_NAME, MANIFEST_NAME } from './format.ts';
import { makeTar, type TarEntry } from './tar-bytes.ts';

const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;
/** Where a gzip header names the system it was made on, and the value for: unknown. */
const OS_BYTE = 9;
const NO_OS = 255;

export interface ArchiveContent {
  readonly manifest: Buffer;
  readonly cursor: Buffer;
  /** Of the database's copy, which nobody else writes to. */
  readonly database: { readonly path: string; readonly size: number };
  readonly mtime: Date;
}

/**
 * Writes a snapshot to a new file, for us alone, not durable yet. The same content makes the same bytes. Throws
 * `FILE_CHANGED` (the database), `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `NO_ROOM`, and the signal's reason; then what it
 * has written is the caller's to remove.
 */
export async function writeArchive(
  path: string,
  { manifest, cursor, database, mtime }: ArchiveContent,
  signal: AbortSignal,
): Promise<void> {
  const file = (name: string, content: Buffer): TarEntry => {
    return { path: name, type: 'File', mode: FILE_MODE, size: content.length, content: [content] };
  };
  const entries: TarEntry[] = [
    file(MANIFEST_NAME, manifest),
    { path: `${ARTIFACTS_FOLDER}/`, type: 'Directory', mode: FOLDER_MODE, size: 0, content: [] },
    file(CURSOR_NAME, cursor),
    {
      path: DATABASE_NAME,
      type: 'File',
      mode: FILE_MODE,
      size: database.size,
      content: readFileBytes(database.path),
    },
  ];
  const out = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  const write = async (bytes: Buffer): Promise<void> => {
    assertRoom(dirname(path), bytes.length);
    await writeFully(out.fd, bytes).catch((cause: unknown) => {
      throw unwritable(path, cause);
    });
  };
  try {
    await pipeline(
      Readable.from(makeTar(entries, mtime)),
      createGzip(),
      (chunks: AsyncIterable<Buffer>) => drain(chunks, write),
      {
        signal,
      },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await out.close();
  }
}

async function drain(chunks: AsyncIterable<Buffer>, write: (bytes: Buffer) => Promise<void>): Promise<void> {
  let isFirst = true;
  for await (const chunk of chunks) {
    // The first ten bytes come together.
    if (isFirst) chunk[OS_BYTE] = NO_OS;
    isFirst = false;
    await write(chunk);
  }
}

async function* readFileBytes(path: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 128 * 1024 })) yield bytes as Buffer;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
