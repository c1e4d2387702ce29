import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, open, readdir, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ownIdentity } from './process-identity.ts';
import { codeOf, unlessMissing, unwritable } from './storage-failure.ts';

const LockRecord = z.object({
  version: z.literal(1),
  pid: z.int().positive(),
  host: z.string(),
  started: z.string(),
  taken: z.string(),
});
type LockRecord = z.infer<typeof LockRecord>;

/** What tells a lock file from one that came later. */
export interface LockFile {
  readonly dev: number;
  readonly ino: number;
  readonly text: string;
}

/** A lock file as it was found. */
export interface FoundLock extends LockFile {
  readonly mtimeMs: number;
  /** `garbage`: it says nothing; `foreign`: not to us (it is another user's, or of a later version). */
  readonly holder: LockRecord | 'garbage' | 'foreign';
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_BYTES = 4096;
const LATER_VERSION = z.object({ version: z.number().gt(1) });
const READ_FLAGS =
  process.platform === 'win32'
    ? constants.O_RDONLY
    : constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export function isSame(one: LockFile, other: LockFile): boolean {
  return one.dev === other.dev && one.ino === other.ino && one.text === other.text;
}

/**
 * Makes the lock file unless its name is taken, and tells the time as the file system has it. The file comes together
 * with what it says: written beside it, then linked to the name. Throws `FILE_UNWRITABLE`, `NO_ROOM`.
 */
export async function makeLock(lockPath: string): Promise<{ made: LockFile | undefined; now: number }> {
  const text = ownText();
  const draftPath = `${lockPath}-${randomUUID()}`;
  try {
    const draft = await open(draftPath, 'wx', 0o600);
    try {
      await draft.writeFile(text);
      const { dev, ino, mtimeMs: now } = await draft.stat();
      const isMade = await link(draftPath, lockPath).then(
        () => true,
        (error: unknown) => (codeOf(error) === 'EEXIST' ? false : undefined),
      );
      if (isMade !== undefined) return { made: isMade ? { dev, ino, text } : undefined, now };
      return { made: await makeWithoutLink(lockPath, text), now };
    } finally {
      await draft.close();
      await unlessMissing(unlink(draftPath));
    }
  } catch (cause) {
    throw unwritable(lockPath, cause);
  }
}

/** So old no draft is at work any more: it is there for a moment only. */
const DRAFT_MS = 60_000;

/** Removes drafts of processes that died between making theirs and removing it. Never throws: it is only tidying. */
export async function removeOldDrafts(lockPath: string, now: number): Promise<void> {
  const [folder, prefix] = [dirname(lockPath), `${basename(lockPath)}-`];
  try {
    for (const name of await readdir(folder)) {
      if (!name.startsWith(prefix) || !UUID.test(name.slice(prefix.length))) continue;
      const { mtimeMs } = await lstat(join(folder, name));
      if (now - mtimeMs > DRAFT_MS) await unlink(join(folder, name));
    }
  } catch {
    // Somebody else was faster, or may do what we may not.
  }
}

/** `undefined`: there is none. Throws `FILE_UNWRITABLE` for what is no file (a link, a folder). */
export async function readLock(lockPath: string): Promise<FoundLock | undefined> {
  try {
    const named = await unlessMissing(lstat(lockPath));
    if (named === undefined) return undefined;
    if (!named.isFile()) throw new Error('what is there is no file');
    const file = await unlessMissing(open(lockPath, READ_FLAGS));
    if (file === undefined) return undefined;
    try {
      const { dev, ino, mtimeMs } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      const text = buffer.toString('utf8', 0, bytesRead);
      return { dev, ino, mtimeMs, text, holder: parseHolder(text) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (codeOf(cause) !== 'EACCES') throw unwritable(lockPath, cause);
    return { dev: 0, ino: 0, mtimeMs: 0, text: '', holder: 'foreign' };
  }
}

/** Throws `FILE_UNWRITABLE`, but not for one that is missing. */
export async function removeLock(lockPath: string): Promise<void> {
  try {
    await unlessMissing(unlink(lockPath));
  } catch (cause) {
    throw unwritable(lockPath, cause);
  }
}

/** For file systems without hard links (FAT, some network drives). Whoever stops in the middle leaves garbage. */
async function makeWithoutLink(lockPath: string, text: string): Promise<LockFile | undefined> {
  let file: FileHandle;
  try {
    file = await open(lockPath, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
  try {
    await file.writeFile(text);
    const { dev, ino } = await file.stat();
    // Who was asleep for long in here was garbage for others meanwhile.
    const found = await readLock(lockPath);
    return found && isSame(found, { dev, ino, text }) ? { dev, ino, text } : undefined;
  } catch (error) {
    await unlessMissing(unlink(lockPath));
    throw error;
  } finally {
    await file.close();
  }
}

function ownText(): string {
  const { pid, host, started } = ownIdentity();
  const record: LockRecord = { version: 1, pid, host, started, taken: new Date().toISOString() };
  return `${JSON.stringify(record)}\n`;
}

function parseHolder(text: string): FoundLock['holder'] {
  try {
    const json: unknown = JSON.parse(text);
    const record = LockRecord.safeParse(json);
    if (record.success) return record.data;
    return LATER_VERSION.safeParse(json).success ? 'foreign' : 'garbage';
  } catch {
    return 'garbage';
  }
}
