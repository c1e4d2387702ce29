import { stat } from 'node:fs/promises';

/** What all names of a file have in common; `undefined` where none is to be seen. */
export async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}
