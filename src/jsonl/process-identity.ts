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

/** Whether it is certain that the process is gone. What cannot be looked at from here is not. */
export function isGone({ pid, host, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  const [boot, namespace] = started.split(' ');
  const [ownBoot, ownNamespace] = startOf('self')?.split(' ') ?? [];
  if (ownBoot !== undefined && namespace !== undefined) {
    if (boot !== ownBoot) return true; // the machine was started again
    if (namespace !== ownNamespace) return false; // a container of the host's name: its pids are not ours
  }
  if (!isThere(pid)) return true;
  const now = startOf(pid);
  return now !== undefined && namespace !== undefined && now !== started; // the pid has a new owner
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
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
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_AFTER_NAME];
}
