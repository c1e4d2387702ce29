import { buildConnector, Pool } from 'undici';
import { MeshBackupError } from '../errors.ts';
import { parseJson } from '../event/parse-json.ts';
import { codeOf } from '../jsonl/storage-failure.ts';
import { daemonFailed } from './daemon-failure.ts';
import { Deadline } from './deadline.ts';
import { parseTailnetStatus, type TailnetStatus } from './tailnet-status.ts';
import { unlessAborted } from './unless-aborted.ts';

/** The only name that tailscaled answers to. */
const ORIGIN = 'http://local-tailscaled.sock';
const TIMEOUT_MS = 10_000;
/** A status has about 1.5 KB for each machine. */
const MAX_STATUS_BYTES = 64 * 1024 * 1024;
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_SHOWN_CHARACTERS = 300;

/** What a tailscaled without a state is started with. */
export interface LoginSettings {
  /** A secret. */
  readonly authKey: string;
  readonly controlUrl: string;
  readonly hostname: string;
}

/** Which TCP ports of the mesh lead where, as tailscaled has it; `{}`: none. */
export interface ServeConfig {
  /** `ProxyProtocol`: its version, by which the caller's address is told; tailscaled knows it from 1.92 on. */
  readonly TCP?: Readonly<Record<string, { readonly TCPForward: string; readonly ProxyProtocol: 1 }>>;
}

interface Asking {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below `/localapi/v0/`. */
  readonly name: string;
  readonly json?: unknown;
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
}

/**
 * A client of tailscaled's LocalAPI: HTTP over its socket. Every method throws `MESH_DAEMON`; the system's error is its
 * cause where there is no connection. Source: specification, "Being on the tailnet without a tailnet library".
 */
export class LocalApi {
  readonly #socketPath: string;
  readonly #clean: (text: string) => string;
  readonly #client: Pool;

  /** Dials nothing yet. `clean` takes secrets out of what tailscaled says. */
  constructor(socketPath: string, clean: (text: string) => string = (text) => text) {
    this.#socketPath = socketPath;
    this.#clean = clean;
    // A pool: what hangs must not hold up the last words.
    this.#client = new Pool(ORIGIN, {
      connect: buildConnector({ socketPath, timeout: TIMEOUT_MS }),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async status(): Promise<TailnetStatus> {
    const body = await this.#ask({ method: 'GET', name: 'status', maxBytes: MAX_STATUS_BYTES });
    const status = parseTailnetStatus(parseJson(body.toString('utf8')));
    if (status === undefined) throw daemonFailed('tailscaled answers no status.');
    return { ...status, health: status.health.map(this.#clean) };
  }

  /** Gives tailscaled its settings, with shields up: nobody calls in. It does not log in yet. */
  async start({ authKey, controlUrl, hostname }: LoginSettings): Promise<void> {
    const prefs = { WantRunning: true, CorpDNS: false, RouteAll: false, ShieldsUp: true };
    await this.#ask({
      method: 'POST',
      name: 'start',
      json: { AuthKey: authKey, UpdatePrefs: { ControlURL: controlUrl, Hostname: hostname, ...prefs } },
    });
  }

  async loginInteractive(): Promise<void> {
    await this.#ask({ method: 'POST', name: 'login-interactive' });
  }

  /** Leaves the tailnet; a node of an ephemeral key is removed from it. */
  async logout(timeoutMs: number): Promise<void> {
    await this.#ask({ method: 'POST', name: 'logout', timeoutMs });
  }

  /** Up: no connection from the mesh comes in. */
  async setShields(isUp: boolean): Promise<void> {
    await this.#ask({ method: 'PATCH', name: 'prefs', json: { ShieldsUp: isUp, ShieldsUpSet: true } });
  }

  async setServeConfig(config: ServeConfig): Promise<void> {
    await this.#ask({ method: 'POST', name: 'serve-config', json: config });
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  /** `timeoutMs` is how long there may be no byte. */
  async #ask({ method, name, json, maxBytes, timeoutMs = TIMEOUT_MS }: Asking): Promise<Buffer> {
    const path = `/localapi/v0/${name}`;
    const idle = new Deadline(new AbortController().signal, timeoutMs, () =>
      daemonFailed(`tailscaled gave no answer to ${name} for ${timeoutMs / 1000} s.`, { retryable: true }),
    );
    try {
      const asking = this.#client.request({
        method,
        path,
        headers: json === undefined ? {} : { 'content-type': 'application/json' },
        body: json === undefined ? null : JSON.stringify(json),
        signal: idle.signal,
      });
      // undici heeds the signal only once it is connected.
      const answer = await unlessAborted(asking, idle.signal);
      const body = await readBounded(answer.body, maxBytes ?? MAX_ANSWER_BYTES, idle);
      if (answer.statusCode >= 200 && answer.statusCode < 300) return body;
      throw this.#refused(name, answer.statusCode, body);
    } catch (error) {
      idle.signal.throwIfAborted();
      if (error instanceof MeshBackupError) throw error;
      throw this.#unreachable(error);
    } finally {
      idle.end();
    }
  }

  #refused(name: string, status: number, body: Buffer): MeshBackupError {
    const said = this.#clean(body.toString('utf8').trim()).slice(0, MAX_SHOWN_CHARACTERS);
    return daemonFailed(`tailscaled answers HTTP ${status} to ${name}${said && `: ${said}`}`);
  }

  #unreachable(error: unknown): MeshBackupError {
    const reason = error instanceof Error ? error.message : String(error);
    const isForbidden = ['EACCES', 'EPERM'].includes(codeOf(error) ?? '');
    return daemonFailed(`tailscaled does not answer at ${this.#socketPath}: ${this.#clean(reason)}`, {
      cause: error,
      ...(isForbidden
        ? { hint: 'You may not use that socket: run as a user who may, or join with --mesh own.' }
        : { retryable: true }),
    });
  }
}

async function readBounded(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  idle: Deadline,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    idle.restart();
    bytes += chunk.length;
    if (bytes > maxBytes) throw daemonFailed(`tailscaled answers more than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
