import { FileLock } from './file-lock.ts';
import { takeFreeName, type FreeName } from './free-name.ts';
import { Replacement } from './replacement.ts';
import { openTarget } from './target.ts';

/** Writes a file's content piece by piece, in order; what it throws ends the writing. */
export type Produce = (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>;

export interface WriteWholeSettings {
  /** What is there is replaced, or it stays and the first free of `PATH.2`, `PATH.3` … is taken. */
  readonly over: 'replace' | 'keep';
  /** Told who held the file's lock before, if that is gone. */
  readonly onTakenOver?: (holder: string) => void;
}

/**
 * Writes a file whole or not at all, for us alone where it is new; to a FIFO or device straight through. Returns its name,
 * links resolved. Throws `LOCKED` (only to replace), `FILE_UNWRITABLE`, `NO_ROOM`, `READER_GONE`, and what `content` throws.
 */
export async function writeWhole(
  path: string,
  content: Uint8Array | Produce,
  { over, onTakenOver }: WriteWholeSettings,
): Promise<string> {
  const produce: Produce = typeof content === 'function' ? content : (write) => write(content);
  const target = await openTarget(path);
  if (target.kind === 'stream') {
    try {
      await produce((bytes) => target.write(bytes));
    } finally {
      await target.close();
    }
    return path;
  }
  const { name, lock } =
    over === 'keep' ? await takeFreeName(target.path, onTakenOver) : await takeName(target.path, onTakenOver);
  try {
    await replace(name, produce);
  } finally {
    await lock.release();
  }
  return name;
}

async function takeName(name: string, onTakenOver?: (holder: string) => void): Promise<FreeName> {
  return { name, lock: await FileLock.take(name, onTakenOver) };
}

async function replace(path: string, produce: Produce): Promise<void> {
  const replacement = await Replacement.begin(path);
  try {
    await produce((bytes) => replacement.write(bytes));
    await replacement.commit();
  } finally {
    await replacement.discard();
  }
}
