import { constants } from 'node:fs';
import { copyFile, link, open, rm } from 'node:fs/promises';
import { identityOf } from './file-identity.ts';
import { codeOf, unwritable } from './storage-failure.ts';

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Keeps a file under a second name, which lasts when the first is replaced: a link, or a copy where the file system has
 * none. Where the second name is the very file already, nothing is left to do. Throws `FILE_UNWRITABLE`, `NO_ROOM`.
 */
export async function keepAside(path: string, asidePath: string): Promise<void> {
  try {
    await linkOrCopy(path, asidePath);
  } catch (cause) {
    throw unwritable(asidePath, cause);
  }
}

/** As `keepAside`, under the first free of `NAME`, `NAME.2`, `NAME.3` … Returns the name. */
export async function keepAsideSomewhere(path: string, asidePath: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? asidePath : `${asidePath}.${number}`;
    try {
      await linkOrCopy(path, name);
      return name;
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw unwritable(name, cause);
    }
  }
}

async function linkOrCopy(path: string, asidePath: string): Promise<void> {
  const identity = await identityOf(path);
  if (identity !== undefined && identity === (await identityOf(asidePath))) return;
  await link(path, asidePath).catch(async (error: unknown) => {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
    await copy(path, asidePath);
  });
}

async function copy(path: string, asidePath: string): Promise<void> {
  await copyFile(path, asidePath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  try {
    const file = await open(asidePath, 'r+');
    await file.sync();
    await file.close();
  } catch (error) {
    await rm(asidePath, { force: true });
    throw error;
  }
}
