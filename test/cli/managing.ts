import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeSigningKey } from '../../src/keys/signing-key.ts';
import { newFolder } from '../managed/authority.ts';
import { run, type Finished } from './spawn.ts';

export const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/genesis/${name}`, import.meta.url), 'utf8');

export const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** A folder with the real authority's database, `na.db`. */
export function newDesk(): string {
  const folder = newFolder();
  copyFileSync(new URL('../../fixtures/genesis/na.db', import.meta.url), join(folder, 'na.db'));
  return folder;
}

/** `mesh-backup managed …` in this folder. */
export function managed(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return run('bin/mesh-backup.js', ['managed', ...args], { cwd, env });
}

export function recordsOf(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((json) => JSON.parse(json) as Record<string, unknown>);
}

/** Runs it with `--json`, expects it to fail, and returns the error's record. */
export async function failureOf(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await managed(cwd, [...args, '--json'], env);
  const error = recordsOf(args[0] === 'audit-export' ? stderr : stdout).find(({ type }) => type === 'error')!;
  expect(error['exitStatus']).toBe(status);
  return error;
}

/** Makes a key beside the database, and returns its public half. */
export function newKey(folder: string): Promise<string> {
  return makeSigningKey(join(folder, 'operator.key'));
}
