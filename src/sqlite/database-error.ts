import { MeshBackupError, type ErrorCode } from '../errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly says: (path: string) => string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

const BUSY: Meaning = {
  code: 'DATABASE_BUSY',
  says: (path) => `${path} is locked by another process.`,
  hint: 'Try again, or wait longer with --busy-timeout.',
  retryable: true,
};

/** By SQLite's primary result code, and by extended ones that mean something else. */
const MEANINGS = new Map<string, Meaning>([
  [
    'SQLITE_NOTADB',
    {
      code: 'DATABASE_FORMAT',
      says: (path) => `${path} is no SQLite database, or an encrypted one.`,
    },
  ],
  ['SQLITE_CORRUPT', { code: 'DATABASE_DAMAGED', says: (path) => `${path} is damaged.` }],
  ['SQLITE_BUSY', BUSY],
  ['SQLITE_LOCKED', BUSY],
  ['SQLITE_FULL', { code: 'NO_ROOM', says: (path) => `No room left to write ${path}.`, hint: 'Make room.' }],
  ['SQLITE_READONLY', { code: 'FILE_UNWRITABLE', says: (path) => `Cannot write ${path}.` }],
  [
    'SQLITE_CANTOPEN',
    {
      code: 'FILE_UNREADABLE',
      says: (path) => `Cannot open ${path}.`,
      hint: 'SQLite must be able to read the file, and to write in its folder where the database is in WAL mode.',
    },
  ],
  ['SQLITE_IOERR', { code: 'FILE_UNREADABLE', says: (path) => `Cannot read ${path}.` }],
  ['SQLITE_PERM', { code: 'FILE_UNREADABLE', says: (path) => `Cannot open ${path}.` }],
  ...['WRITE', 'FSYNC', 'DIR_FSYNC', 'TRUNCATE', 'DELETE', 'CLOSE', 'COMMIT_ATOMIC'].map(
    (operation): [string, Meaning] => [
      `SQLITE_IOERR_${operation}`,
      { code: 'FILE_UNWRITABLE', says: (path) => `Cannot write ${path}.` },
    ],
  ),
]);

/** Without a meaning of its own: what SQLite cannot make sense of, such as a schema that calls what is not there. */
const OTHER: Meaning = { code: 'DATABASE_DAMAGED', says: (path) => `SQLite cannot work with ${path}.` };

/** SQLite's name for what went wrong: `SQLITE_BUSY_SNAPSHOT`. */
export function sqliteCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return error.code.startsWith('SQLITE_') ? error.code : undefined;
}

/** Whether SQLite could not have its way because of another connection. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sqliteCodeOf(error) ?? '');
}

/**
 * An error of SQLite's as ours: `DATABASE_FORMAT`, `DATABASE_DAMAGED`, `DATABASE_BUSY`, `NO_ROOM`, `FILE_UNWRITABLE`,
 * `FILE_UNREADABLE`; all others as they are. Of SQLite's message only the code is told: the rest may quote the content.
 */
export function asDatabaseError(path: string, cause: unknown): Error {
  const code = sqliteCodeOf(cause);
  if (code === undefined) return cause instanceof Error ? cause : new Error(String(cause), { cause });
  const primary = /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code;
  const { code: ours, says, ...fields } = MEANINGS.get(code) ?? MEANINGS.get(primary) ?? OTHER;
  return new MeshBackupError(ours, `${says(path)} (${code})`, { ...fields, cause });
}
