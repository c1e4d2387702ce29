import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import { line } from './line.ts';
import type { Output } from './output.ts';

export interface OrphanFlags {
  readonly allowOrphans?: true;
}

export function declareOrphanFlag(command: Command): void {
  command.option('--allow-orphans', 'also a database with rows that refer to nothing');
}

/** Foreign keys are off unless a program turns them on, and a node may well work with such rows. Throws `DATABASE_DAMAGED`. */
export function judgeOrphans(mayPass: boolean, output: Output): (failure: MeshBackupError) => void {
  return ({ code, message }) => {
    if (mayPass) {
      output.warn(line`⚠️  ${message}. It is taken as it is`);
      return;
    }
    throw new MeshBackupError(code, message, {
      hint: 'All else in it is whole. --allow-orphans takes it as it is.',
    });
  };
}
