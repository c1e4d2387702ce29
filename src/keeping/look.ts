import { lstat } from 'node:fs/promises';
import type { FileState } from '../jsonl/file-state.ts';
import { unlessMissing } from '../jsonl/storage-failure.ts';

/** What a name stands for, no link followed; `undefined`: nothing. Throws what the system throws. */
export async function look(path: string): Promise<(FileState & { readonly isFile: boolean }) | undefined> {
  const found = await unlessMissing(lstat(path, { bigint: true }));
  return (
    found && {
      isFile: found.isFile(),
      identity: `${found.dev}:${found.ino}`,
      size: Number(found.size),
      mtimeNs: found.mtimeNs,
    }
  );
}
