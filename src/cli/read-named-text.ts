import { readFile } from 'node:fs/promises';
import { MeshBackupError } from '../errors.ts';

/** Reads a text file that a flag names; `what` says what it is. Throws `FILE_UNREADABLE`. */
export async function readNamedText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MeshBackupError('FILE_UNREADABLE', `Cannot read ${what}: ${reason}`, { cause });
  }
}
