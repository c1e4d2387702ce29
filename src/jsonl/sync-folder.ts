import { open } from 'node:fs/promises';
import { codeOf, unwritable } from './storage-failure.ts';

/** What systems answer that cannot sync a folder, and folders that we may write to but not read. */
const CANNOT = new Set(['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']);

/** Makes the names in a folder durable, where the system can. Throws `FILE_UNWRITABLE`. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (!CANNOT.has(codeOf(cause) ?? '')) throw unwritable(folder, cause);
  }
}
