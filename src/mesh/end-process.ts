import { setTimeout as sleep } from 'node:timers/promises';
import { isGone, type ProcessIdentity } from '../jsonl/process-identity.ts';

const LOOK_EVERY_MS = 20;
/** What SIGKILL may take: a process that waits for a disk ends late. */
const KILL_WAIT_MS = 2000;

/** Ends a process: SIGTERM, and SIGKILL where it is still there after `graceMs`. Never throws. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  if (send(identity, 'SIGTERM') && !(await goes(identity, graceMs)) && send(identity, 'SIGKILL')) {
    await goes(identity, KILL_WAIT_MS);
  }
}

/** Whether there was somebody to send it to. */
function send(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (isGone(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

async function goes(identity: ProcessIdentity, waitMs: number): Promise<boolean> {
  const endMs = performance.now() + waitMs;
  while (!isGone(identity)) {
    if (performance.now() > endMs) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}
