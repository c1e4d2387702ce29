import { opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { isUnchanged } from '../jsonl/file-state.ts';
import { unreadable, unwritable } from '../jsonl/storage-failure.ts';
import { syncFolder } from '../jsonl/sync-folder.ts';
import type { Decision } from './decide.ts';
import { receiptToGo } from './goes-along.ts';
import { FOLDER_LOCK } from './list-folder.ts';
import { look } from './look.ts';
import { inUseNow } from './opened-by.ts';
import type { FoundFile, Kind } from './probe.ts';
import type { PruneOutcome, PrunePlan } from './prune-options.ts';

/**
 * Keeps two prunes apart for as long as one looks and removes: each would keep what the other removes. Throws `LOCKED`,
 * `FILE_UNREADABLE` (no folder), `FILE_UNWRITABLE`.
 */
export async function lockFolder(folder: string, onTakenOver?: (holder: string) => void): Promise<FileLock> {
  // A lock that cannot be made would only say so.
  const handle = await opendir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  await handle.close();
  return FileLock.take(join(folder, FOLDER_LOCK), onTakenOver);
}

/**
 * Removes what the plan says, the oldest first, each with its receipt. A file that is in use, or no longer the one that
 * was looked at, stays. Where one that is kept is not what it was, nothing is removed at all. Stopped in the middle, it
 * has removed less; `onRemoved` is told of each file that is gone.
 * Throws `FILE_CHANGED`, `FILE_UNWRITABLE`, and the signal's reason.
 */
export async function carryOut(
  plan: PrunePlan,
  signal: AbortSignal,
  onRemoved?: (name: string) => void,
): Promise<PruneOutcome> {
  const going = plan.files.filter(({ decision }) => decision.action === 'remove').toReversed();
  const removed: string[] = [];
  const stayed: { name: string; reason: string }[] = [];
  let bytes = 0;
  if (going.length === 0) return { removed, bytes, stayed };
  const isRemoved = async (file: FoundFile, kind?: Kind): Promise<boolean> => {
    const reason = await remove(plan, file, kind);
    if (reason !== undefined) {
      stayed.push({ name: file.name, reason });
      return false;
    }
    removed.push(file.name);
    bytes += file.state.size;
    onRemoved?.(file.name);
    return true;
  };
  await assertKept(plan);
  try {
    for (const file of going) {
      signal.throwIfAborted();
      // The receipt after it: a backup that has lost its receipt would be one of another series.
      const receipt = receiptToGo(file);
      if ((await isRemoved(file.listed, file.decision.file.kind)) && receipt !== undefined)
        await isRemoved(receipt);
    }
  } finally {
    if (removed.length > 0) await syncFolder(plan.folder);
  }
  return { removed, bytes, stayed };
}

/** What the others go for must be there. */
async function assertKept({ files }: PrunePlan): Promise<void> {
  for (const { listed, decision } of files) {
    if (decision.action !== 'keep' || !isReliedOn(decision)) continue;
    if (await isStill(listed)) continue;
    throw new MeshBackupError(
      'FILE_CHANGED',
      `${listed.name} is to be kept, and is not what it was: nothing was removed.`,
      { hint: 'Run it again.', retryable: true },
    );
  }
}

/** For its place in the policy, or for its events. */
function isReliedOn({ standing, soleEvents }: Decision): boolean {
  return standing === 'counts' || standing === 'apart' || soleEvents !== undefined;
}

/** Why it stays; `undefined`: it is gone. */
async function remove(plan: PrunePlan, file: FoundFile, kind?: Kind): Promise<string | undefined> {
  if ((await look(plan.folder))?.identity !== plan.folderIdentity) {
    throw new MeshBackupError('FILE_CHANGED', `${plan.folder} is not the folder that it was.`);
  }
  let lock: FileLock;
  try {
    lock = await FileLock.take(file.path);
  } catch (error) {
    if (error instanceof MeshBackupError && error.code === 'LOCKED') return error.message;
    throw error;
  }
  try {
    if (!(await isStill(file))) return 'it is not the file that was looked at';
    const use = await inUseNow(kind, file.path);
    if (use !== undefined) return use;
    await unlink(file.path);
    return undefined;
  } catch (cause) {
    throw unwritable(file.path, cause);
  } finally {
    await lock.release();
  }
}

async function isStill({ path, state }: FoundFile): Promise<boolean> {
  const now = await look(path);
  return now?.isFile === true && isUnchanged(state, now);
}
