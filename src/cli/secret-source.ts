import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MeshBackupError } from '../errors.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import { readSecret, readSecretCommand, readSecretFile } from './read-secret.ts';

const COMMAND_TIMEOUT_MS = 30_000;

/** Where a secret can come from. */
export interface SecretPlaces {
  /** Its flag, `--soul`; those for a file and a command are called after it. Also its name among systemd's credentials. */
  readonly flag: string;
  /** What the flags say; `-` as the file is stdin. */
  readonly value: string | undefined;
  readonly file: string | undefined;
  readonly command: string | undefined;
  /** Environment variables, the first that is not empty counts. */
  readonly variables: readonly string[];
}

export interface SecretSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  /** Whether stdin is read for something else, so that a file called `-` cannot be. */
  readonly stdinIsData: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly commandTimeoutMs?: number;
}

/**
 * Reads the text of a secret: from the one flag that names it, else from the environment, else from systemd's
 * credentials; `undefined` where there is none. Takes its variables out of `env` in any case: nothing that runs later
 * has a use for them. Throws `USAGE` (two flags, or stdin wanted twice), `SECRET_UNREADABLE`.
 */
export async function readSecretFrom(
  { flag, value, file, command, variables }: SecretPlaces,
  surroundings: SecretSurroundings,
): Promise<string | undefined> {
  const { env, output } = surroundings;
  const fromEnvironment = variables
    .map((name) => env[name])
    .find((text) => text !== undefined && text !== '');
  for (const name of variables) Reflect.deleteProperty(env, name);

  if ([value, file, command].filter((given) => given !== undefined).length > 1) {
    throw new MeshBackupError(
      'USAGE',
      `Give one of -${flag}, --${flag}-file and --${flag}-command, not several.`,
    );
  }
  if (value !== undefined) {
    if (output.isTerminal) {
      output.warn(
        line`⚠️  -${flag} stays in the shell's history and shows in process lists; better: --${flag}-file FILE`,
      );
    }
    return value;
  }
  if (file === '-') return readFromStdin(flag, surroundings);
  if (file !== undefined) return readSecretFile(file, `the file that --${flag}-file names`);
  if (command !== undefined) {
    return readSecretCommand(command, `the command that --${flag}-command names`, {
      env,
      timeoutMs: surroundings.commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
      signal: surroundings.signal,
      showStderr: !output.json,
    });
  }
  if (fromEnvironment !== undefined) return fromEnvironment;
  const credential = env['CREDENTIALS_DIRECTORY'] && join(env['CREDENTIALS_DIRECTORY'], flag);
  if (credential && existsSync(credential))
    return readSecretFile(credential, `$CREDENTIALS_DIRECTORY/${flag}`);
  return undefined;
}

async function readFromStdin(flag: string, { stdin, stdinIsData }: SecretSurroundings): Promise<string> {
  if (stdinIsData) {
    throw new MeshBackupError('USAGE', `stdin is the data here: --${flag}-file - cannot read from it.`);
  }
  return readSecret(stdin, 'stdin');
}

/** Normalized flags as they may be shown: a command may hold the secret that it prints. */
export function withoutSecrets(flags: readonly string[]): string[] {
  return flags
    .filter((flag) => flag !== '--')
    .map((flag) => flag.replace(/^(--(?:soul|authkey|api-key)(?:-command)?)=.*$/s, '$1=***'));
}
