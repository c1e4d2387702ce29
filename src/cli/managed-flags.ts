import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import { declareBusyFlag, type BusyFlags } from './snapshot-flags.ts';

export interface AuthorityDatabaseFlags extends BusyFlags {
  readonly dbPath?: string;
}

export function declareAuthorityDatabase(command: Command): void {
  command.option('--db-path <file>', "the authority's database");
  declareBusyFlag(command);
}

/** Throws `USAGE`. */
export function authorityDatabaseOf({ dbPath }: AuthorityDatabaseFlags): string {
  return neededFlag(dbPath, '--db-path', 'Which database?');
}

/** Throws `USAGE` where a flag that is needed was not given; `question` is what it would have answered. */
export function neededFlag(value: string | undefined, flag: string, question: string): string {
  if (value !== undefined && value !== '') return value;
  throw new MeshBackupError('USAGE', `${question} Name it with ${flag}.`);
}
