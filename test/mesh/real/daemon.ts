import { once } from 'node:events';
import { start } from '../../cli/spawn.ts';
import { TAILSCALE_ENVIRONMENT } from './network.ts';
import { until } from './until.ts';

const START_MS = 15_000;

/** A program that runs until it is told to end. */
export interface Daemon {
  /** Waits until it has said something like this on stderr, and returns it. Throws when it ended before. */
  readonly whenSaid: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Signals, and waits for its end; one that has ended already is left alone. */
  readonly end: (name: NodeJS.Signals) => Promise<void>;
}

/** Starts a program with an environment that keeps to the network of the tests. */
export function startDaemon(path: string, args: readonly string[], cwd: string): Daemon {
  const child = start(path, args, { env: TAILSCALE_ENVIRONMENT, cwd, isScript: false });
  let said = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(child, 'close');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    whenSaid: (pattern) =>
      until(
        () => `${path} says ${pattern.source}: ${said}`,
        START_MS,
        () => {
          if (hasEnded()) throw new Error(`${path} ended: ${said}`);
          return pattern.exec(said) ?? undefined;
        },
      ),
    signal: (name) => child.kill(name),
    async end(name) {
      if (hasEnded()) return;
      child.kill(name);
      child.kill('SIGCONT'); // a stopped one hears SIGTERM only then
      await ended;
    },
  };
}
