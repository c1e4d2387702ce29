import { fstatSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { MeshBackupError } from '../errors.ts';
import { LineFile } from '../jsonl/line-file.ts';

/** Backups that the operands name; none, or `-`, is stdin. */
export class BackupOperands {
  readonly paths: readonly string[];

  /** Throws `USAGE` where stdin is named twice. */
  constructor(operands: readonly string[]) {
    this.paths = operands.length === 0 ? ['-'] : operands;
    if (this.paths.filter((path) => path === '-').length > 1) {
      throw new MeshBackupError('USAGE', 'stdin (-) can be read only once.');
    }
  }

  get readsStdin(): boolean {
    return this.paths.includes('-');
  }

  /** Whether somebody would have to type the backup. */
  waitsForTyping(stdin: Readable): boolean {
    return this.readsStdin && (stdin as Partial<ReadStream>).isTTY === true;
  }

  /**
   * Opens all of them, in order; whoever calls this closes them. Waits for the first bytes of stdin. Throws
   * `FILE_UNREADABLE`, and the signal's reason.
   */
  async open(stdin: Readable, signal: AbortSignal): Promise<LineFile[]> {
    signal.throwIfAborted();
    const stop = (): void => {
      stdin.destroy();
    };
    signal.addEventListener('abort', stop, { once: true });
    const files: LineFile[] = [];
    try {
      for (const path of this.paths)
        files.push(path === '-' ? await openStdin(stdin) : await openFile(path, signal));
      return files;
    } catch (error) {
      await Promise.all(files.map((file) => file.close()));
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

async function openFile(path: string, signal: AbortSignal): Promise<LineFile> {
  const file = await LineFile.open(path, signal);
  if (file === undefined) throw new MeshBackupError('FILE_UNREADABLE', `Cannot read ${path}: no such file.`);
  return file;
}

async function openStdin(stdin: Readable): Promise<LineFile> {
  const file = isWholeFile(stdin) ? await LineFile.open('/dev/stdin') : undefined;
  return file ?? LineFile.ofStream('stdin', stdin);
}

/** A file that was redirected, from its start: it can be read where it lies, and costs neither memory nor disk. */
function isWholeFile(stdin: Readable): boolean {
  if (stdin !== process.stdin) return false;
  try {
    return fstatSync(0).isFile() && /^pos:\s+0$/m.test(readFileSync('/proc/self/fdinfo/0', 'utf8'));
  } catch {
    return false; // not on this system
  }
}
