import { Option, type Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import { parseSigningKey, readSigningKey, type SigningKey } from '../keys/signing-key.ts';
import type { Trust } from '../snapshot/trust.ts';
import { parseTrustedKey, readTrustedKeys } from '../keys/trusted-keys.ts';
import { parseDurationMs } from './duration.ts';
import { optionValue, optionValues } from './option-value.ts';
import { parseSizeBytes } from './size.ts';

const BUSY_TIMEOUT_MS = 5_000;
const MAX_BYTES = 16 * 2 ** 30;
const PRIVATE_KEY = 'STIGMEM_FEDERATION_PRIVKEY';

export interface BusyFlags {
  /** ms. */
  readonly busyTimeout: number;
}

export interface DatabaseFlags extends BusyFlags {
  readonly db?: string;
}

export interface BoundFlags {
  readonly maxBytes: number;
}

export interface TrustFlags {
  readonly trustedKey?: readonly string[];
  readonly trustedKeys?: string;
}

/** For the help of commands that look at a node's database. */
export const DATABASE_ENVIRONMENT = { STIGMEM_DB_PATH: 'where the database is, without --db' };
export const SIGNING_ENVIRONMENT = { [PRIVATE_KEY]: 'the key to sign with, without --sign-with' };

export function declareDatabaseFlags(command: Command): void {
  command.option('--db <file>', "the node's database");
  declareBusyFlag(command);
}

export function declareBusyFlag(command: Command): void {
  command.addOption(
    new Option('--busy-timeout <duration>', 'wait so long for a database that is locked')
      .argParser(optionValue(parseDurationMs))
      .default(BUSY_TIMEOUT_MS, '5s'),
  );
}

export function declareTrustFlags(command: Command): void {
  command
    .option('--trusted-keys <file>', 'only signatures of these keys count: a JSON array')
    .option('--trusted-key <key>', 'one of these keys; may be given several times', optionValues(String));
}

export function declareBoundFlag(command: Command): void {
  command.addOption(
    new Option('--max-bytes <size>', 'what a snapshot may unpack to')
      .argParser(optionValue(parseSizeBytes))
      .default(MAX_BYTES, '16GiB'),
  );
}

/** Throws `USAGE`. */
export function databaseOf({ db }: DatabaseFlags, env: NodeJS.ProcessEnv): string {
  const path = db ?? env['STIGMEM_DB_PATH'];
  if (path !== undefined && path !== '') return path;
  throw new MeshBackupError('USAGE', 'Which database? Name it with --db, or set STIGMEM_DB_PATH.');
}

/**
 * The keys that are named, and no others; `undefined` where none are: then the default of the format counts.
 * Throws `FILE_UNREADABLE`, `TRUSTED_KEYS`, and the signal's reason.
 */
export async function readStrictTrust(
  { trustedKey, trustedKeys }: TrustFlags,
  signal: AbortSignal,
): Promise<Extract<Trust, { kind: 'strict' }> | undefined> {
  if (trustedKey === undefined && trustedKeys === undefined) return undefined;
  const keys = (trustedKey ?? []).map(parseTrustedKey);
  if (trustedKeys !== undefined) keys.push(...(await readTrustedKeys(trustedKeys, signal)));
  return { kind: 'strict', keys };
}

/**
 * The key of `--sign-with`, else that of the environment, which is taken out of it; `undefined` where there is neither.
 * Throws `FILE_UNREADABLE`, `KEY_FILE`, `KEY_FILE_OPEN`.
 */
export async function readSigner(
  signWith: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<SigningKey | undefined> {
  const text = env[PRIVATE_KEY];
  Reflect.deleteProperty(env, PRIVATE_KEY);
  if (signWith !== undefined) return readSigningKey(signWith);
  return text === undefined || text === '' ? undefined : parseSigningKey(text, PRIVATE_KEY);
}
