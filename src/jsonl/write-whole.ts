import { FileLock } from './file-lock.ts';
import { firstFreeName } from './free-name.ts';
import { Replacement } from './replacement.ts';
import { openTarget } from './target.ts';

export interface WriteWholeSettings {
  /** What is there is replaced, or it stays and the first free of `PATH.2`, `PATH.3` … is taken. */
  readonly over: 'replace' | 'keep';
  /** Told who held the file's lock before, if that is gone. */
  readonly onTakenOver?: (holder: string) => void;
}

/**
 * Writes a small file whole or not at all, for us alone where it is new; to a FIFO or device straight through. Returns
 * its name, links resolved. Throws `LOCKED`, `FILE_UNWRITABLE`, `NO_ROOM`, `READER_GONE`.
 */
export async function writeWhole(
  path: string,
  bytes: Uint8Array,
  { over, onTakenOver }: WriteWholeSettings,
): Promise<string> {
  const target = await openTarget(path);
  if (target.kind === 'stream') {
    try {
      await target.write(bytes);
    } finally {
      await target.close();
    }
    return path;
  }
  const name = over === 'keep' ? await firstFreeName(target.path) : target.path;
  const lock = await FileLock.take(name, onTakenOver);
  try {
    await replace(name, bytes);
  } finally {
    await lock.release();
  }
  return name;
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const replacement = await Replacement.begin(path);
  try {
    await replacement.write(bytes);
    await replacement.commit();
  } finally {
    await replacement.discard();
  }
}
