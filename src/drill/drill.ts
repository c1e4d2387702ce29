import { join } from 'node:path';
import type { Check } from '../doctor/check.ts';
import { MeshBackupError } from '../errors.ts';
import { hashFile } from '../sqlite/copy-file.ts';
import { hasMark, leaveMark } from './mark.ts';
import type { DrilledBackup, DrilledSystem } from './drilled-system.ts';

export interface DrillOptions {
  readonly system: DrilledSystem;
  /** Backed up, and nothing else. */
  readonly dbPath: string;
  /** For us alone; the backup and the scratch database are made in it. The caller removes it. */
  readonly folder: string;
  /** Steps after the restored database was compared: each gets its path. */
  readonly more: readonly DrillStep[];
  readonly signal: AbortSignal;
  /** Told of each step when it is done. */
  readonly onStep: (step: Check) => Promise<void>;
}

export interface DrillStep {
  readonly what: string;
  /** Returns what came of it; throws where that is not what it should be. */
  readonly run: (dbPath: string) => Promise<string>;
}

const SCRATCH = 'scratch.db';

/**
 * The drill of a restore, on a scratch copy: back up, restore to where nothing is, change that, restore over it, see that
 * the change is gone and each byte back, and then `more`. A step that fails ends it: what comes after is skipped.
 * Returns all steps. Throws the signal's reason. Source: specification, "Its restore drill".
 */
export async function drill(options: DrillOptions): Promise<readonly Check[]> {
  const { system, dbPath, folder, more, signal, onStep } = options;
  const scratch = join(folder, SCRATCH);
  const aside = join(folder, 'before-restore.db');
  let backup: DrilledBackup | undefined;
  const steps: readonly DrillStep[] = [
    {
      what: 'back up',
      run: async () => {
        backup = await system.backUp(dbPath, folder);
        return `${backup.file}, ${backup.bytes} bytes, the database's SHA-256 is ${backup.databaseSha256}`;
      },
    },
    {
      what: 'restore',
      run: async () => {
        await system.restore(backup!, scratch, undefined);
        await assertSame(scratch, backup!);
        return 'to where nothing was, byte for byte';
      },
    },
    {
      what: 'change',
      run: async () => {
        await leaveMark(scratch);
        return 'a table of ours is in the scratch database now';
      },
    },
    {
      what: 'replace',
      run: async () => {
        await system.restore(backup!, scratch, aside);
        if (!(await hasMark(aside))) throw failed('what was replaced was not kept as it was');
        return 'restored over the changed one, which was kept';
      },
    },
    {
      what: 'compare',
      run: async () => {
        if (await hasMark(scratch)) throw failed('the change is still there');
        await assertSame(scratch, backup!);
        return 'the change is gone, and each byte is that of the backup';
      },
    },
    ...more,
  ];
  const done: Check[] = [];
  let hasFailed = false;
  for (const { what, run } of steps) {
    signal.throwIfAborted();
    const check: Check = hasFailed
      ? { what, state: 'skipped', text: 'the drill had failed by then' }
      : await take(what, () => run(scratch), signal);
    hasFailed ||= check.state === 'failure';
    done.push(check);
    await onStep(check);
  }
  return done;
}

async function take(what: string, run: () => Promise<string>, signal: AbortSignal): Promise<Check> {
  try {
    return { what, state: 'ok', text: await run() };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MeshBackupError)) throw error;
    return { what, state: 'failure', text: `${error.message} (${error.code})`, advice: error.hint };
  }
}

async function assertSame(path: string, { databaseSha256 }: DrilledBackup): Promise<void> {
  if ((await hashFile(path)).sha256 !== databaseSha256)
    throw failed('the database is not that of the backup');
}

/** A step that came to something else than it should. The hint is for the terminal: no record holds it. */
export function failed(message: string, hint?: string): MeshBackupError {
  return new MeshBackupError('DRILL_FAILED', message, hint === undefined ? {} : { hint });
}
