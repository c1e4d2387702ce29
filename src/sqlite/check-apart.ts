import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MeshBackupError } from '../errors.ts';
import { CHECK_SCRIPT } from './check-script.ts';

/** What SQLite's own checks say of a database. */
export interface CheckReport {
  /** `['ok']`, or what is damaged. */
  readonly integrity: readonly string[];
  readonly orphans: readonly Orphan[];
}

/** A row that refers to nothing: of which table, to which. `uncheckable`: what a foreign key refers to is no key. */
export type Orphan = { readonly table: string; readonly parent: string } | 'uncheckable';

export interface CheckSettings {
  readonly signal?: AbortSignal | undefined;
  /** Default: an hour, and a second for each MiB. */
  readonly limitMs?: number | undefined;
}

export const MAX_FINDINGS = 5;
export const MAX_LENGTH = 200;

/** More than the findings can take, however they are escaped. */
const MAX_SAID = 64 * 1024;
const HOUR_MS = 60 * 60 * 1000;
const MIB = 1024 * 1024;
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A signal that goes to all processes of a group may end the other one before we hear of it. */
const GRACE_MS = 200;
/** What Node and a library beside it may need to start. Nothing else of ours: there are keys in the environment. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SYSTEMROOT', 'TMPDIR', 'TEMP', 'TMP'];

/**
 * Has a process of its own check a database that nobody else uses: the check runs what the database's schema says, for as
 * long as that takes, and only a process can be stopped in the midst of it. `name` is what to call it. Throws
 * `DATABASE_DAMAGED` where the check ends by no report or not at all, an error with SQLite's code, the signal's reason.
 */
export async function checkApart(
  path: string,
  name: string,
  { signal, limitMs }: CheckSettings,
): Promise<CheckReport> {
  signal?.throwIfAborted();
  const limit = limitMs ?? HOUR_MS + ((await stat(path)).size / MIB) * 1000;
  const { said, isLate, how } = await runCheck(path, limit, signal);
  signal?.throwIfAborted();
  if (isLate) throw new MeshBackupError('DATABASE_DAMAGED', `${name} is damaged: its check does not end.`);
  const report = parseReport(said);
  if (report === undefined) {
    await wait(GRACE_MS);
    signal?.throwIfAborted();
    throw new MeshBackupError('DATABASE_DAMAGED', `${name} cannot be checked: the check ended with ${how}.`);
  }
  if (!('failure' in report)) return report;
  throw Object.assign(new Error(`The check failed: ${report.failure}`), { code: report.failure });
}

interface Run {
  readonly said: string;
  readonly isLate: boolean;
  /** Its signal or status. */
  readonly how: string;
}

async function runCheck(path: string, limitMs: number, signal: AbortSignal | undefined): Promise<Run> {
  const library = createRequire(import.meta.url).resolve('better-sqlite3');
  const words = [library, path, String(MAX_FINDINGS), String(MAX_LENGTH)];
  const child = spawn(process.execPath, ['--input-type=commonjs', '-e', CHECK_SCRIPT, '--', ...words], {
    // Ours may be gone, and Node does not start there.
    cwd: dirname(library),
    env: Object.fromEntries(PASSED_ON.map((key) => [key, process.env[key]])),
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  });
  const kill = (): void => void child.kill('SIGKILL');
  let said = '';
  let isLate = false;
  const late = (): void => {
    isLate = true;
    kill();
  };
  const timer = setTimeout(late, Math.min(limitMs, MAX_TIMER_MS));
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, by) => {
        resolve(by ?? `status ${String(status)}`);
      });
      // It is written to by nobody: it only ends.
      child.stdin.on('error', () => undefined);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        // It waits for us to go, or says more than it may.
        if (text.includes('\n') || said.length > MAX_SAID) kill();
      });
    });
    return { said, isLate, how };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
  }
}

/** `undefined`: it did not come to an end. */
function parseReport(said: string): CheckReport | { readonly failure: string } | undefined {
  if (!said.endsWith('\n')) return undefined;
  // Of our own script, which is the only thing that writes there.
  return JSON.parse(said) as CheckReport | { readonly failure: string };
}
