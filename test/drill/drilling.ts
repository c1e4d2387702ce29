import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Check } from '../../src/doctor/check.ts';
import { drill, type DrillStep } from '../../src/drill/drill.ts';
import type { DrilledSystem } from '../../src/drill/drilled-system.ts';
import { newFolder } from '../managed/authority.ts';

export const NO_WAIT = { busyTimeoutMs: 0 };

/** The words that start the stand-in of an authority: a port, and a fault of it. */
export function authorityCommand(port: number, fault = ''): string {
  const script = fileURLToPath(new URL('../managed/authority.js', import.meta.url));
  return `exec ${process.execPath} ${script} ${port} ${fault}`;
}

/** All of a drill in a folder of its own. */
export async function drilled(
  system: DrilledSystem,
  dbPath: string,
  more: readonly DrillStep[] = [],
): Promise<readonly Check[]> {
  const told: Check[] = [];
  const { signal } = new AbortController();
  const onStep = (step: Check): Promise<void> => {
    told.push(step);
    return Promise.resolve();
  };
  const steps = await drill({ system, dbPath, folder: newFolder(), more, signal, onStep });
  if (told.length !== steps.length) throw new Error('a step was not told');
  return steps;
}

/** The process group that this one is a member of is this one: it lives, and is no zombie. */
export function livingOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const [state, , pgrp] = statOf(name);
      return Number(pgrp) === group && state !== 'Z' && state !== 'X';
    })
    .map(Number);
}

/** Behind the name, which may hold anything. Empty where it has just gone. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

export function scratchFolders(folder = tmpdir()): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('mesh-backup-drill-'));
}

/** A port that nobody uses just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
