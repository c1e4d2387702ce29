import { stat } from 'node:fs/promises';
import { line } from './line.ts';
import type { Output } from './output.ts';

/** Warns where a file with something secret in it can be read by others on this machine. Says nothing of what is no file. */
export async function warnOfReaders(path: string, output: Output): Promise<void> {
  if (process.platform === 'win32') return; // it has other rights than these
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || (found.mode & 0o077) === 0) return;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  output.warn(
    line`⚠️  Others on this machine may get at ${path}: its mode is ${mode}; chmod 600 keeps them off`,
  );
}
