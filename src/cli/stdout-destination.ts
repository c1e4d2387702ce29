import { realpath } from 'node:fs/promises';
import type { Destination, PriorBackup } from '../dump/destination.ts';
import { MeshBackupError } from '../errors.ts';
import { FileLock } from '../jsonl/file-lock.ts';
import { LineFile } from '../jsonl/line-file.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import { isStdout, stdoutPath, wasEmptied } from './stdout-file.ts';
import { warnOfTakenLock } from './taken-lock.ts';

export interface StdoutSettings {
  /** A backup whose events are not to be written again; it need not exist. */
  readonly idsFrom: string | undefined;
  readonly gzip: boolean;
  readonly isRehearsal: boolean;
}

/** stdout: a pipe, a terminal, or a file of the shell's, which may be the very backup that is added to. */
export class StdoutDestination implements Destination {
  readonly prior: PriorBackup | undefined;
  readonly gzip: boolean;
  /** stdout is the backup of `-ids-from`, and was emptied before we could read it. */
  readonly emptied: string | undefined;
  readonly #lock: FileLock | undefined;
  readonly #output: Output;
  readonly #isRehearsal: boolean;

  private constructor(
    { gzip, isRehearsal }: StdoutSettings,
    output: Output,
    parts: { lock: FileLock | undefined; prior: PriorBackup | undefined; emptied: string | undefined },
  ) {
    this.gzip = gzip;
    this.#isRehearsal = isRehearsal;
    this.#output = output;
    this.#lock = parts.lock;
    this.prior = parts.prior;
    this.emptied = parts.emptied;
  }

  /** Throws `LOCKED`, `FILE_UNREADABLE`, and `USAGE` where plain text and gzip would be mixed. */
  static async open(settings: StdoutSettings, output: Output): Promise<StdoutDestination> {
    const { idsFrom, isRehearsal } = settings;
    const isAppendedTo = idsFrom !== undefined && isStdout(idsFrom);
    const lock = isRehearsal ? undefined : await lockStdout(isAppendedTo ? idsFrom : stdoutPath(), output);
    let file: LineFile | undefined;
    try {
      file = idsFrom === undefined ? undefined : await LineFile.open(idsFrom);
      if (isAppendedTo) assertOneFormat(idsFrom, file, settings.gzip);
      const emptied = isAppendedTo && sayIfEmptied(idsFrom, output) ? idsFrom : undefined;
      const prior = file && ({ file, role: 'known', isAppendedTo } as const);
      return new StdoutDestination(settings, output, { lock, prior, emptied });
    } catch (error) {
      await file?.close();
      await lock?.release();
      throw error;
    }
  }

  async write(bytes: Buffer): Promise<void> {
    if (!this.#isRehearsal) await this.#output.write(bytes);
  }

  async close(): Promise<void> {
    await this.prior?.file.close();
    await this.#lock?.release();
  }
}

/** Keeps other runs off the file behind stdout. In a folder that we may not write to that cannot be. */
async function lockStdout(path: string | undefined, output: Output): Promise<FileLock | undefined> {
  if (path === undefined) return undefined;
  try {
    return await FileLock.take(await realpath(path), warnOfTakenLock(path, output));
  } catch (error) {
    if (!(error instanceof MeshBackupError) || error.code === 'LOCKED') throw error;
    output.detail(line`No lock on ${path}: ${error.message}`);
    return undefined;
  }
}

function assertOneFormat(path: string, file: LineFile | undefined, gzip: boolean): void {
  if (file === undefined || file.size === 0 || file.isCompressed === gzip) return;
  throw file.isCompressed
    ? new MeshBackupError('USAGE', `${path} is compressed: what is added must be, too.`, {
        hint: 'Add --gzip, or write it whole with -o.',
      })
    : new MeshBackupError('USAGE', `${path} is plain text: what is added must be, too.`, {
        hint: 'Leave --gzip out, or write it whole, compressed: -o NAME.gz.',
      });
}

function sayIfEmptied(path: string, output: Output): boolean {
  const answer = wasEmptied();
  if (answer === 'unknown') {
    output.warn(line`⚠️  ${path} is empty. If it was a backup before, > has emptied it: add with >>`);
  }
  return answer === true;
}
