import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import { readSecretFrom, type SecretSurroundings } from './secret-source.ts';

/** What {@link declareApiKeyFlags} puts among a command's options. */
export interface ApiKeyFlags {
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  readonly apiKeyCommand?: string;
}

/** For the help of a command that reads the key. */
export const API_KEY_ENVIRONMENT = {
  STIGMEM_API_KEY: 'the key, when no flag names it',
  CREDENTIALS_DIRECTORY: 'systemd credentials: the key is in its file "api-key"',
} as const;

/** Adds the flags that name the key of a node to a command. */
export function declareApiKeyFlags(command: Command): void {
  command
    .option('--api-key <key>', 'the key for the node; others on this machine may see it')
    .option('--api-key-file <file>', 'read the key from a file, or with - from stdin')
    .option('--api-key-command <command>', 'run a shell command that prints the key');
}

/**
 * Reads the key for a node; `undefined` where none was given: some nodes ask for none. Throws as `readSecretFrom` does,
 * and `USAGE` for what cannot be one, which is not shown.
 */
export async function readApiKey(
  flags: ApiKeyFlags,
  surroundings: SecretSurroundings,
): Promise<string | undefined> {
  const { apiKey: value, apiKeyFile: file, apiKeyCommand: command } = flags;
  const places = { flag: 'api-key', value, file, command, variables: ['STIGMEM_API_KEY'] };
  const key = (await readSecretFrom(places, surroundings))?.trim();
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  throw new MeshBackupError(
    'USAGE',
    'The API key is empty, or has white space or other odd characters in it.',
  );
}
