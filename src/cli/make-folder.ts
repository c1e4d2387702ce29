import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unwritable } from '../jsonl/storage-failure.ts';

/** Makes the folder that a file is to lie in, for us alone where it is new. Throws `FILE_UNWRITABLE`. */
export async function makeFolderOf(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}
