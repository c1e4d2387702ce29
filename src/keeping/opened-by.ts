import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { findOwner } from '../sqlite/running-owner.ts';
import type { Kind } from './probe.ts';

/**
 * Who has a database open, as far as the system tells: whoever has would go on writing to a file that has no name any
 * more. What is not a database is written by our own jobs, and those lock it.
 */
export async function openedBy(kind: Kind | undefined, path: string): Promise<string | undefined> {
  if (kind !== 'managed') return undefined;
  const pid = await findOwner(path);
  return pid === undefined ? undefined : `process ${pid} has it open`;
}

/** As `openedBy`, and by what SQLite has beside a database that is open: systems that do not tell have that, too. */
export async function inUseNow(kind: Kind | undefined, path: string): Promise<string | undefined> {
  if (kind !== 'managed') return undefined;
  const side = ['-wal', '-shm'].map((suffix) => `${path}${suffix}`).find((one) => existsSync(one));
  return side === undefined ? openedBy(kind, path) : `${basename(side)} is part of it now: it is in use`;
}
