import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';

/** Whether a path leads to a file that we may run. Never throws. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
