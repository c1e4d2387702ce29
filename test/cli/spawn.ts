import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface SpawnSettings {
  readonly stdin?: string;
  /** Instead of the tests' own, but for PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** False: what is named is a command, no script of this checkout. */
  readonly isScript?: boolean;
}

/** Starts a script of this checkout (`bin/mesh-backup.js`) as a process; stdin stays open. */
export function start(
  script: string,
  args: readonly string[],
  settings: SpawnSettings = {},
): ChildProcessWithoutNullStreams {
  const env = { PATH: process.env['PATH'], ...settings.env };
  const [command, words] =
    settings.isScript === false
      ? [script, args]
      : [process.execPath, [fileURLToPath(new URL(script, ROOT)), ...args]];
  return spawn(command, words, { env, cwd: settings.cwd });
}

/** Runs a script to its end. */
export async function run(
  script: string,
  args: readonly string[],
  settings: SpawnSettings = {},
): Promise<Finished> {
  const child = start(script, args, settings);
  const finished = whenFinished(child);
  child.stdin.on('error', () => undefined); // it may end without reading
  child.stdin.end(settings.stdin ?? '');
  return finished;
}

export async function whenFinished(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const text = (name: 'stdout' | 'stderr'): string => Buffer.concat(chunks[name]).toString('utf8');
      resolve({ status, signal, stdout: text('stdout'), stderr: text('stderr') });
    });
  });
}

/** Resolves when the process has said this on stderr. */
export async function whenSaid(child: ChildProcessWithoutNullStreams, text: string): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes(text)) resolve();
    });
    child.on('close', () => {
      reject(new Error(`it ended without saying ${text}: ${said}`));
    });
  });
}
