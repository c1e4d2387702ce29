import { fstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { startTicks } from '../jsonl/process-identity.ts';

const STDOUT = 1;
const O_APPEND = 0o2000;
const TICK_MS = 10;
/** So much earlier than we began a file must have been made to count as older: clocks tick coarsely. */
const TOLERANCE_MS = 50;
/** What the system says of our start is believed when it is so near to what Node says. */
const PLAUSIBLE_MS = 60_000;

/** Whether stdout goes to the file of this name. */
export function isStdout(path: string): boolean {
  try {
    const [named, stdout] = [statSync(path), fstatSync(STDOUT)];
    return named.isFile() && named.dev === stdout.dev && named.ino === stdout.ino;
  } catch {
    return false; // no such file yet, or no stdout
  }
}

/** The path of the file that stdout goes to; `undefined` where it is none, or the system does not tell. */
export function stdoutPath(): string | undefined {
  try {
    const path = readlinkSync(`/proc/self/fd/${STDOUT}`);
    return isStdout(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether stdout is an empty file that was there before us and is not appended to: the shell's `>` has emptied it.
 * `unknown` where it may be, and the system does not tell.
 */
export function wasEmptied(): boolean | 'unknown' {
  const { size, birthtimeMs } = fstatSync(STDOUT);
  if (size > 0) return false;
  const isAppended = isOpenForAppending();
  if (isAppended === true) return false;
  if (isAppended === undefined || birthtimeMs <= 0) return 'unknown';
  return birthtimeMs < processStartMs() - TOLERANCE_MS;
}

function isOpenForAppending(): boolean | undefined {
  try {
    const [, flags] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${STDOUT}`, 'utf8')) ?? [];
    return flags === undefined ? undefined : (Number.parseInt(flags, 8) & O_APPEND) !== 0;
  } catch {
    return undefined;
  }
}

/** When this process was forked, unix milliseconds: before its redirections were made. Node itself began later. */
function processStartMs(): number {
  try {
    const uptimeMs = Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;
    const startMs = Date.now() - uptimeMs + Number(startTicks('self')) * TICK_MS;
    // In some containers the uptime is another one than that of the clock.
    if (Math.abs(startMs - performance.timeOrigin) < PLAUSIBLE_MS) return startMs;
  } catch {
    // No such system.
  }
  return performance.timeOrigin;
}
