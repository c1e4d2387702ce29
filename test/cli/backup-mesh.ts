import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { SandboxMesh } from '../../src/sandbox/mesh.ts';
import { run, start, type Finished } from './spawn.ts';

const SCRIPT = 'bin/dump-events.js';

/** A folder of its own for a backup, and the name of a backup in it that is not there yet. */
export async function newBackup(name = 'backup.jsonl'): Promise<{ folder: string; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-backup-'));
  return { folder, path: join(folder, name) };
}

/** The flags that name the requester and all peers of a mesh, or some of them; the soul comes from the environment. */
export function flagsFor(mesh: SandboxMesh, more: readonly string[], naras = mesh.naras): string[] {
  return [
    '-name',
    mesh.requester.name,
    ...naras.flatMap(({ name, url }) => ['--peer', `${name}=${url}`]),
    ...more,
  ];
}

/** Runs `dump-events` against all peers of a mesh. */
export function dumpEvents(mesh: SandboxMesh, ...more: string[]): Promise<Finished> {
  return run(SCRIPT, flagsFor(mesh, more), { env: { NARA_SOUL: mesh.requester.soul } });
}

export function startDump(mesh: SandboxMesh, ...more: string[]): ChildProcessWithoutNullStreams {
  return start(SCRIPT, flagsFor(mesh, more), { env: { NARA_SOUL: mesh.requester.soul } });
}

/** Runs a line of shell with the dump as "$@", as in `"$@" >> backup.jsonl`. */
export function shell(mesh: SandboxMesh, line: string, cwd: string, ...more: string[]): Promise<Finished> {
  const args = ['-c', line, 'sh', process.execPath, scriptPath(), ...flagsFor(mesh, more)];
  return run('sh', args, { cwd, env: { NARA_SOUL: mesh.requester.soul }, isScript: false });
}

function scriptPath(): string {
  return new URL(`../../${SCRIPT}`, import.meta.url).pathname;
}

/** The names in a folder, in order. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

export async function text(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

export async function linesOf(path: string): Promise<string[]> {
  return (await text(path)).split('\n').slice(0, -1);
}
