import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import { readSecretFrom, type SecretSurroundings } from './secret-source.ts';

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

/** Reads the text of the soul, unparsed. Throws as `readSecretFrom` does, and `SOUL_MISSING`. */
export async function readSoulText(flags: SoulFlags, surroundings: SecretSurroundings): Promise<string> {
  const { soul: value, soulFile: file, soulCommand: command } = flags;
  const places = { flag: 'soul', value, file, command, variables: ['NARA_SOUL'] };
  const text = await readSecretFrom(places, surroundings);
  if (text !== undefined) return text;
  throw new MeshBackupError('SOUL_MISSING', 'No soul was given.', {
    hint: 'Name a file that holds it with --soul-file, or set NARA_SOUL. The nara prints its soul when it starts.',
  });
}
