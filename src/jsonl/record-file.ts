import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import ndjson from 'ndjson';
import { MeshBackupError } from '../errors.ts';
import { readLines } from './read-lines.ts';
import { syncFolder } from './sync-folder.ts';

/** A record of ours: flat, and the same record is the same text. Never an event: those are bytes, not objects. */
export type FlatRecord = Readonly<Record<string, string | number>>;

/**
 * A file of NDJSON records that only grows: what was there stays, and a record that is there is not added again.
 * A line that an earlier run left torn is closed off first. A pipe or device is written straight through.
 */
export class RecordFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #present: Set<string>;

  private constructor(path: string, file: FileHandle, present: Set<string>) {
    this.#path = path;
    this.#file = file;
    this.#present = present;
  }

  /** Throws `FILE_UNREADABLE` or `FILE_UNWRITABLE`. */
  static async open(path: string): Promise<RecordFile> {
    const file = await openForAppending(path);
    try {
      const isFile = (await file.stat()).isFile();
      if (isFile) await closeOffLastLine(file);
      return new RecordFile(path, file, isFile ? await readPresent(path) : new Set());
    } catch (cause) {
      await file.close();
      throw failure('FILE_UNREADABLE', path, cause);
    }
  }

  /** Adds the record unless it is there. */
  async add(record: FlatRecord): Promise<void> {
    const line = JSON.stringify(record);
    const digest = digestOf(line);
    if (this.#present.has(digest)) return;
    this.#present.add(digest);
    try {
      await this.#file.appendFile(`${line}\n`);
    } catch (cause) {
      throw failure('FILE_UNWRITABLE', this.#path, cause);
    }
  }

  /** Makes what was added durable. */
  async sync(): Promise<void> {
    await this.#file.sync().catch(ignoreUnsyncable);
    await syncFolder(dirname(this.#path)); // it may be new
  }

  /** Makes what was added durable, and closes the file. */
  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#file.close();
    }
  }
}

async function openForAppending(path: string): Promise<FileHandle> {
  try {
    const isThere = await stat(path).catch(() => undefined);
    // Reading back is for files; a pipe that is opened for reading as well never ends.
    return await open(path, isThere === undefined || isThere.isFile() ? 'a+' : 'a', 0o600);
  } catch (cause) {
    throw failure('FILE_UNWRITABLE', path, cause);
  }
}

async function closeOffLastLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  if (last[0] !== 0x0a) await file.appendFile('\n');
}

async function readPresent(path: string): Promise<Set<string>> {
  const present = new Set<string>();
  await pipeline(
    Readable.from(linesBut(path, 'null')), // which would be the end of the stream to those behind it
    ndjson.parse({ strict: false }),
    async (records: AsyncIterable<unknown>) => {
      for await (const record of records) present.add(digestOf(JSON.stringify(record)));
    },
  );
  return present;
}

async function* linesBut(path: string, text: string): AsyncGenerator<string, void, undefined> {
  for await (const lines of readLines(path)) {
    for (const { bytes } of lines) {
      const line = bytes.toString();
      if (line.trim() !== text) yield `${line}\n`;
    }
  }
}

function digestOf(line: string): string {
  return createHash('sha256').update(line).digest('base64');
}

/** A pipe or device has nothing to sync. */
function ignoreUnsyncable(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
}

function failure(code: 'FILE_UNREADABLE' | 'FILE_UNWRITABLE', path: string, cause: unknown): MeshBackupError {
  const verb = code === 'FILE_UNREADABLE' ? 'read' : 'write';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MeshBackupError(code, `Cannot ${verb} ${path}: ${reason}`, { cause });
}
