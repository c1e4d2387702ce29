import { MeshBackupError } from '../errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const READER_GONE = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/** A file that failed to be read, as our error: `FILE_UNREADABLE`. */
export function unreadable(path: string, cause: unknown): MeshBackupError {
  return new MeshBackupError('FILE_UNREADABLE', `Cannot read ${path}: ${reasonOf(cause)}`, { cause });
}

/** A file that failed to be written, as our error: `NO_ROOM`, `READER_GONE` or `FILE_UNWRITABLE`. */
export function unwritable(path: string, cause: unknown): MeshBackupError {
  if (cause instanceof MeshBackupError) return cause;
  const code = codeOf(cause) ?? '';
  if (FULL.has(code)) {
    return new MeshBackupError('NO_ROOM', `No room left to write ${path}.`, { cause, hint: 'Make room.' });
  }
  if (isReaderGone(cause)) {
    return new MeshBackupError('READER_GONE', `The reader of ${path} closed it.`, { cause });
  }
  return new MeshBackupError('FILE_UNWRITABLE', `Cannot write ${path}: ${reasonOf(cause)}`, { cause });
}

/** Whether a write failed because nobody reads what is written. */
export function isReaderGone(cause: unknown): boolean {
  return READER_GONE.has(codeOf(cause) ?? '');
}

/** The system's name for what went wrong: `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Resolves to `undefined` where there is no such file; other errors stay errors. */
export async function unlessMissing<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
