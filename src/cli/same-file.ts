import { fstatSync, statSync } from 'node:fs';

const STDOUT = 1;

/** Whether stdout goes to the file of this name. */
export function isStdout(path: string): boolean {
  try {
    const [named, stdout] = [statSync(path), fstatSync(STDOUT)];
    return named.isFile() && named.dev === stdout.dev && named.ino === stdout.ino;
  } catch {
    return false; // no such file yet, or no stdout
  }
}
