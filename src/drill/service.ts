import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { LastLines } from '../mesh/last-lines.ts';
import { environmentWithoutSecrets } from '../mesh/secret-environment.ts';

export interface ServiceSettings {
  /** For the shell. */
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told of each line that it says. */
  readonly onLine?: (line: string) => void;
}

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 10_000;
/** A dead process without a parent stays in its group until somebody asks for its end, which in some containers nobody does. */
const KILLED_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** A command that runs until it is stopped, with all that it starts itself, in a process group of its own. */
export class Service {
  /** Resolves to how it ended, in words, once it has. */
  readonly ended: Promise<string>;
  /** The same, once it has. */
  howEnded: string | undefined;
  readonly #child: ChildProcess;
  readonly #lines: LastLines;
  #isStopped = false;
  /** A second Ctrl-C ends us at once, and a group of its own gets none of it. */
  readonly #onExit = (): void => {
    this.#send('SIGKILL');
  };

  /** Gets the environment without secrets of ours, and no stdin. */
  constructor({ command, env, onLine = () => undefined }: ServiceSettings) {
    this.#lines = new LastLines(onLine);
    const child = spawn(command, {
      shell: true,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environmentWithoutSecrets(env),
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#lines.push(text);
      });
    }
    this.#child = child;
    process.on('exit', this.#onExit);
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.howEnded = `it cannot be started: ${error.message}`;
        resolve(this.howEnded);
      });
      // Not `close`: what it left running holds its streams.
      child.on('exit', (status, signal) => {
        this.howEnded = `it ended (${signal ?? `status ${status}`})`;
        resolve(this.howEnded);
      });
    });
  }

  /** What it said that tells most of its trouble, if anything. It may hold secrets: for the terminal, not for a record. */
  lastWords(): string {
    return this.#lines.telling();
  }

  /**
   * Ends all of its group, also where the command itself has ended and left others running: SIGTERM, and SIGKILL for what
   * is still there after a while. Resolves when they are gone. Idempotent; never
   * throws.
   */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#send('SIGTERM')) await this.#gone(GRACE_MS);
    if (this.#send('SIGKILL')) await this.#gone(KILLED_MS);
    process.off('exit', this.#onExit);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  async #gone(withinMs: number): Promise<void> {
    const endMs = performance.now() + withinMs;
    while (this.#send(0) && performance.now() < endMs) await sleep(LOOK_EVERY_MS);
  }

  /** Whether there was anybody to send it to; 0 only asks. */
  #send(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      return process.kill(-pid, signal);
    } catch {
      return false;
    }
  }
}
