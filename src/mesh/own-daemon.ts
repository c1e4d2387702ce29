import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeshBackupError } from '../errors.ts';
import { identityOf, ownIdentity, type ProcessIdentity } from '../jsonl/process-identity.ts';
import { daemonFailed } from './daemon-failure.ts';
import { endProcess } from './end-process.ts';
import { LastLines } from './last-lines.ts';
import { socketIn } from './mesh-folder.ts';
import { writeOwner } from './owner-record.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

const PROXY_LINE = /HTTP proxy listening on 127\.0\.0\.1:(\d+)$/;
/** Between SIGTERM and SIGKILL, when nobody waits for it. */
const WATCHDOG_GRACE_S = 10;
/** For what a watchdog does when its tailscaled is gone: it removes a folder. */
const WATCHDOG_WAIT_MS = 2000;
/** How long the words of an ended tailscaled may be on their way. */
const WORDS_MS = 500;

export interface OwnDaemonSettings {
  /** The program's absolute path. */
  readonly program: string;
  /** Ours, and only for this; removed at the end. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Takes secrets out of what tailscaled says. */
  readonly clean: (text: string) => string;
}

/** A tailscaled that runs without root, TUN device or state, and ends when we do, in whatever way. */
export class OwnDaemon {
  /** Resolves to why it ended, once it has. */
  readonly ended: Promise<MeshBackupError>;
  readonly #settings: OwnDaemonSettings;
  readonly #watchdog: Watchdog;
  readonly #lines: LastLines;
  readonly #proxyPort: Promise<number>;
  readonly #starting: Promise<unknown>;
  #tailscaled: ProcessIdentity | undefined;

  /** Begins to start it: `proxyPort` says how that went. */
  constructor(settings: OwnDaemonSettings) {
    this.#settings = settings;
    const { program, folder, env } = settings;
    const command = [
      program,
      '--tun=userspace-networking',
      '--state=mem:',
      `--statedir=${folder}`,
      `--socket=${socketIn(folder)}`,
      '--no-logs-no-support',
      '--outbound-http-proxy-listen=127.0.0.1:0',
    ];
    this.#watchdog = startWatchdog({ folder, command, env, graceSeconds: WATCHDOG_GRACE_S });
    let tellPort: (port: number) => void = () => undefined;
    this.#proxyPort = new Promise((resolve) => (tellPort = resolve));
    this.#lines = new LastLines((line) => {
      const port = PROXY_LINE.exec(line)?.[1];
      if (port !== undefined) tellPort(Number(port));
    });
    this.#watchdog.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#lines.push(text);
    });
    this.ended = this.#waitForEnd();
    this.#starting = this.#letStart().catch((error: unknown) => error);
  }

  /** Why it ended, if it has or does so soon. */
  async whyEnded(waitMs: number): Promise<MeshBackupError | undefined> {
    return (await isWithin(this.ended, waitMs)) ? this.ended : undefined;
  }

  /** The port of its proxy on 127.0.0.1, once it listens. Throws `MESH_DAEMON`, `TEMPORARY_FILE`. */
  async proxyPort(): Promise<number> {
    const ended = this.ended.then((failure) => Promise.reject(failure));
    const notStarted = this.#starting.then((error) =>
      error === undefined ? ended : Promise.reject(error as Error),
    );
    return Promise.race([this.#proxyPort, ended, notStarted]);
  }

  /** Ends it, waiting `graceMs` between SIGTERM and SIGKILL, and removes its folder. Never throws. */
  async stop(graceMs: number): Promise<void> {
    if (this.#tailscaled) await endProcess(this.#tailscaled, graceMs);
    this.#watchdog.release();
    if (!(await isWithin(this.ended, WATCHDOG_WAIT_MS))) {
      this.#watchdog.process.kill('SIGKILL');
      await this.ended;
    }
    await this.#starting; // it may be writing into the folder
    await rm(this.#settings.folder, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Nothing runs that the folder does not tell of: who finds it later can end what runs. */
  async #letStart(): Promise<void> {
    const { folder } = this.#settings;
    const owner = ownIdentity();
    await writeOwner(folder, { version: 1, owner });
    const pid = await readPid(this.#watchdog);
    if (pid === undefined) return; // it has ended
    const tailscaled = identityOf(pid);
    const watchdog = identityOf(this.#watchdog.process.pid!);
    await writeOwner(folder, { version: 1, owner, watchdog, tailscaled });
    this.#tailscaled = tailscaled;
    this.#watchdog.go();
  }

  async #waitForEnd(): Promise<MeshBackupError> {
    const { process: shell, stderr } = this.#watchdog;
    try {
      const isRead = once(stderr, 'close');
      const [status, signal] = (await once(shell, 'exit')) as [number | null, string | null];
      // If it is not closed soon, somebody else holds it open: the watchdog alone was killed.
      await isWithin(isRead, WORDS_MS);
      stderr.destroy();
      const said = this.#settings.clean(this.#lines.telling());
      if (signal === null) this.#tailscaled = undefined; // its watchdog saw it end: the pid is anybody's now
      const how = signal ?? `status ${status ?? 'unknown'}`;
      return daemonFailed(`tailscaled ended with ${how}${said && `: ${said}`}`);
    } catch (cause) {
      return daemonFailed('tailscaled cannot be started: /bin/sh does not start.', { cause });
    }
  }
}

/** The pid that tailscaled is going to have; `undefined` if the watchdog ends before it knows. */
async function readPid({ stdout }: Watchdog): Promise<number | undefined> {
  let said = '';
  try {
    for await (const piece of stdout.setEncoding('utf8') as AsyncIterable<string>) {
      said += piece;
      if (said.endsWith('\n')) return Number(said);
    }
  } catch {
    // What broke the pipe ended the watchdog, too.
  }
  return undefined;
}

async function isWithin(job: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const done = new AbortController();
  const late = sleep(timeoutMs, false, { signal: done.signal }).catch(() => false);
  try {
    return await Promise.race([job.catch(() => undefined).then(() => true), late]);
  } finally {
    done.abort();
  }
}
