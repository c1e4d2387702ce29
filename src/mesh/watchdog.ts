import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { environmentWithoutSecrets } from './secret-environment.ts';

/**
 * For dash, bash and others of POSIX. Its stdin is a pipe that we hold: it ends when we do, even by SIGKILL.
 * $1: the folder, removed at the end; $2: seconds between SIGTERM and SIGKILL; then the program and its arguments.
 *
 * The inner shell says its pid, which is tailscaled's later, and waits for a line on descriptor 3: nothing runs that is
 * not written down yet, and nothing at all if we end before. Descriptor 4 is stdin for the part that watches it: of
 * itself a job in the background has none. Its sleep gets SIGKILL: a child just forked may still drop SIGTERM. The loop
 * waits, whatever signals come, until tailscaled has ended.
 */
const SCRIPT = String.raw`
folder=$1 grace=$2
shift 2
exec 4<&0 </dev/null
"$0" -c 'echo "$$"; read -r go <&3 && exec "$@" 3<&- >&2' "$0" "$@" 4<&- &
daemon=$!
exec 3<&- >/dev/null 2>&1
(
  while read -r line; do :; done
  kill -TERM "$daemon" || exit 0
  trap '[ "$!" = "$daemon" ] || kill -KILL "$!"; exit 0' TERM
  sleep "$grace" &
  wait "$!"
  kill -KILL "$daemon"
) <&4 &
reader=$!
exec 4<&-
trap 'kill -TERM "$daemon"' TERM INT HUP
while :; do
  wait "$daemon"
  status=$?
  [ "$status" -gt 128 ] && kill -0 "$daemon" || break
done
kill -TERM "$reader"
wait "$reader"
rm -rf -- "$folder"
exit "$status"
`;

export interface WatchdogSettings {
  /** Removed when the program has ended. */
  readonly folder: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Between SIGTERM and SIGKILL, when we are gone. */
  readonly graceSeconds: number;
  /** By default /bin/sh. */
  readonly shell?: string;
}

/** A shell that runs a program, and ends it when we end, in whatever way. */
export interface Watchdog {
  readonly process: ChildProcess;
  /** Says the program's pid, on a line. */
  readonly stdout: Readable;
  /** The program's. */
  readonly stderr: Readable;
  /** Lets the program start. */
  go(): void;
  /** Has it end the program as if we were gone. */
  release(): void;
}

/** Starts it, in a session of its own: Ctrl-C on our terminal does not reach it. */
export function startWatchdog(settings: WatchdogSettings): Watchdog {
  const { folder, command, env, graceSeconds, shell = '/bin/sh' } = settings;
  const child = spawn(shell, ['-c', SCRIPT, shell, folder, String(graceSeconds), ...command], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: environmentWithoutSecrets(env),
  });
  const starter = child.stdio[3] as Writable;
  for (const pipe of [child.stdin, child.stdout, child.stderr, starter]) pipe.on('error', () => undefined);
  return {
    process: child,
    stdout: child.stdout,
    stderr: child.stderr,
    go: () => {
      starter.end('go\n');
    },
    release: () => {
      starter.destroy();
      child.stdin.end();
    },
  };
}
