import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';
import { readSecret, readSecretCommand, readSecretFile } from './read-secret.ts';

const COMMAND_TIMEOUT_MS = 30_000;

/** What {@link declareSoulFlags} puts among a command's options. */
export interface SoulFlags {
  readonly soul?: string;
  readonly soulFile?: string;
  readonly soulCommand?: string;
}

/** For the help of a command that reads the soul. */
export const SOUL_ENVIRONMENT = {
  NARA_SOUL: 'the soul, when no flag names it',
  CREDENTIALS_DIRECTORY: 'systemd credentials: the soul is in its file "soul"',
} as const;

/** Adds the flags that name the soul to a command. */
export function declareSoulFlags(command: Command): void {
  command
    .option('--soul <soul>', "the nara's soul; others on this machine may see it")
    .option('--soul-file <file>', 'read the soul from a file, or with - from stdin')
    .option('--soul-command <command>', 'run a shell command that prints the soul');
}

/** Normalized flags as they may be shown: a command may hold the secret that it prints. */
export function withoutSecrets(flags: readonly string[]): string[] {
  return flags
    .filter((flag) => flag !== '--')
    .map((flag) => flag.replace(/^(--soul(?:-command)?)=.*$/s, '$1=***'));
}

export interface SoulSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  /** Whether the command reads its data from stdin, so that `--soul-file -` cannot. */
  readonly stdinIsData: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly commandTimeoutMs?: number;
}

/**
 * Reads the text of the soul, unparsed: from the one flag that names it, else from `NARA_SOUL`, else from systemd's
 * credentials. Takes `NARA_SOUL` out of `env` in any case: nothing that runs later has a use for it.
 * Throws `USAGE` (two flags, or stdin wanted twice), `SECRET_UNREADABLE`, `SOUL_MISSING`.
 */
export async function readSoulText(flags: SoulFlags, surroundings: SoulSurroundings): Promise<string> {
  const { env, output } = surroundings;
  const fromEnvironment = env['NARA_SOUL'];
  delete env['NARA_SOUL'];

  const given = (['soul', 'soulFile', 'soulCommand'] as const).filter((flag) => flags[flag] !== undefined);
  if (given.length > 1) {
    throw new MeshBackupError('USAGE', 'Give one of -soul, --soul-file and --soul-command, not several.');
  }
  if (flags.soul !== undefined) {
    if (output.isTerminal) {
      output.warn(
        line`⚠️  -soul stays in the shell's history and shows in process lists; better: --soul-file FILE`,
      );
    }
    return flags.soul;
  }
  if (flags.soulFile === '-') return readFromStdin(surroundings);
  if (flags.soulFile !== undefined) return readSecretFile(flags.soulFile, 'the file that --soul-file names');
  if (flags.soulCommand !== undefined) {
    return readSecretCommand(flags.soulCommand, 'the command that --soul-command names', {
      env,
      timeoutMs: surroundings.commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
      signal: surroundings.signal,
      showStderr: !output.json,
    });
  }
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  const credential = env['CREDENTIALS_DIRECTORY'] && join(env['CREDENTIALS_DIRECTORY'], 'soul');
  if (credential && existsSync(credential)) return readSecretFile(credential, '$CREDENTIALS_DIRECTORY/soul');
  throw new MeshBackupError('SOUL_MISSING', 'No soul was given.', {
    hint: 'Name a file that holds it with --soul-file, or set NARA_SOUL. The nara prints its soul when it starts.',
  });
}

async function readFromStdin({ stdin, stdinIsData }: SoulSurroundings): Promise<string> {
  if (stdinIsData) {
    throw new MeshBackupError('USAGE', 'stdin is the data here: --soul-file - cannot read the soul from it.');
  }
  return readSecret(stdin, 'stdin');
}
