import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { lstat } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';
import { unlessMissing, unreadable } from '../jsonl/storage-failure.ts';
import { writeWhole } from '../jsonl/write-whole.ts';
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

export interface WriteArchiveSettings {
  /** Whether what stands at the path may go; else it is `FILE_EXISTS`. */
  readonly mayReplace: boolean;
  readonly signal: AbortSignal;
}

/**
 * Writes a snapshot's file, whole or not at all, for us alone where it is new; returns its name, links resolved. The same
 * content makes the same bytes. Throws `FILE_EXISTS`, `LOCKED`, `FILE_UNREADABLE`, `FILE_UNWRITABLE`, `NO_ROOM`, and the
 * signal's reason.
 */
export async function writeArchive(
  path: string,
  { manifest, cursor, database, mtime }: ArchiveContent,
  { mayReplace, signal }: WriteArchiveSettings,
): Promise<string> {
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
  return writeWhole(
    path,
    async (write) => {
      // Under the file's lock: none of ours makes it meanwhile.
      if (!mayReplace) await assertFree(path);
      let isFirst = true;
      await pipeline(
        Readable.from(makeTar(entries, mtime)),
        createGzip(),
        async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) {
            if (isFirst) chunk[OS_BYTE] = NO_OS;
            isFirst = false;
            await write(chunk);
          }
        },
        { signal },
      ).catch((error: unknown) => {
        signal.throwIfAborted();
        throw error;
      });
    },
    { over: 'replace' },
  );
}

async function assertFree(path: string): Promise<void> {
  if ((await unlessMissing(lstat(path))) === undefined) return;
  throw new MeshBackupError('FILE_EXISTS', `${path} is there already: no snapshot is written over it.`);
}

async function* readFileBytes(path: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 128 * 1024 })) yield bytes as Buffer;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
