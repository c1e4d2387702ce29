import { stat } from 'node:fs/promises';
import { unlessMissing } from './storage-failure.ts';

/** What a file's name stands for at one moment. */
export interface FileState {
  /** The very file, whatever its name. */
  readonly identity: string;
  readonly size: number;
  /** Changes with each write to the file. */
  readonly mtimeNs: bigint;
}

/** `undefined`: no such file. Throws what the system throws. */
export async function readFileState(path: string): Promise<FileState | undefined> {
  const found = await unlessMissing(stat(path, { bigint: true }));
  return (
    found && {
      identity: `${found.dev}:${found.ino}`,
      size: Number(found.size),
      mtimeNs: found.mtimeNs,
    }
  );
}

/** Whether the name stands for the same file, with the same content. */
export function isUnchanged(before: FileState | undefined, after: FileState | undefined): boolean {
  return (
    before?.identity === after?.identity && before?.size === after?.size && before?.mtimeNs === after?.mtimeNs
  );
}
