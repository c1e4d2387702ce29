import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from './storage-failure.ts';

/** What tells a process from all others, also from a later one with its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /**
   * When it started. On Linux `BOOT NAMESPACE TICKS`: the boot's ID, the pid namespace, and field 22 of proc(5)'s stat;
   * elsewhere the time in ms, which nobody else can look up.
   */
  readonly started: string;
}

/** Blanks and brackets may be in the name of the program, which is field 2; field 22 is the 20th after it. */
const START_AFTER_NAME = 19;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const started = startOf('self') ?? String(Math.round(performance.timeOrigin));
  return { pid: process.pid, host: hostname(), started };
}

/** A process of this machine that runs now; `started` is '' where the system does not tell it. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, host: hostname(), started: startOf(pid) ?? '' };
}

/** Whether it is certain that this very process is there: never where the system does not tell when one started. */
export function isThere({ pid, host, started }: ProcessIdentity): boolean {
  return host === hostname() && started !== '' && startOf(pid) === started;
}

/** Whether it is certain that the process is gone. What cannot be looked at from here is not. */
export function isGone({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  const [boot, namespace] = started.split(' ');
  const [ownBoot, ownNamespace] = startOf('self')?.split(' ') ?? [];
  if (ownBoot !== undefined && namespace !== undefined) {
    if (boot !== ownBoot) return true; // the machine was started again
    if (namespace !== ownNamespace) return false; // a container of the host's name: its pids are not ours
  }
  if (!isTaken(pid) || isZombie(pid)) return true;
  const now = startOf(pid);
  return now !== undefined && namespace !== undefined && now !== started; // the pid has a new owner
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** Ended, but its parent has not asked how: it holds nothing any more, and does nothing. */
function isZombie(pid: number): boolean {
  try {
    return statFields(pid)[0] === 'Z';
  } catch {
    return false;
  }
}

/** `undefined` where the system does not tell. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const ticks = startTicks(pid);
    // Others' namespaces are not for everybody to see, but a pid that we see is one of ours.
    const namespace = readlinkSync('/proc/self/ns/pid');
    return ticks && `${boot} ${namespace} ${ticks}`;
  } catch {
    return undefined;
  }
}

/** When a process was made, in hundredths of a second since the machine was started. Throws where nobody tells. */
export function startTicks(pid: number | 'self'): string | undefined {
  return statFields(pid)[START_AFTER_NAME];
}

/** What comes after the name of the program. */
function statFields(pid: number | 'self'): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
