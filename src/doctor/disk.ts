import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { freeBytes } from '../jsonl/free-space.ts';
import type { Check } from './check.ts';

const LITTLE_BYTES = 2 ** 30;
const TOO_LITTLE_BYTES = 100 * 2 ** 20;

export interface DiskPlace {
  /** What it is for. */
  readonly what: string;
  /** It need not be there yet: then what it would be made in counts. */
  readonly folder: string;
}

/** Whether a folder can be written to, and what room its disk has. Writes nothing. */
export function checkDisk({ what, folder }: DiskPlace, measure = freeBytes): Check {
  const there = nearest(resolve(folder));
  if (!isWritable(there)) {
    const text = `${there} cannot be written to`;
    return {
      what,
      state: 'failure',
      text,
      advice: 'Give us a folder that can be, or the rights to this one.',
    };
  }
  const free = measure(there);
  if (free === Infinity) return { what, state: 'ok', text: `${there} can be written to` };
  const text = `${there}: ${inUnits(free)} free`;
  if (free >= LITTLE_BYTES) return { what, state: 'ok', text };
  return { what, state: free < TOO_LITTLE_BYTES ? 'failure' : 'warning', text, advice: 'Make room.' };
}

function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function inUnits(bytes: number): string {
  return bytes < LITTLE_BYTES ? `${Math.floor(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
