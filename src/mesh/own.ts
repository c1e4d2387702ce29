import { MeshBackupError } from '../errors.ts';
import { Deadline } from './deadline.ts';
import { assertOwnIsPossible, findTailscaled } from './find-tailscaled.ts';
import { LocalApi } from './local-api.ts';
import { logIn, type LoginProgress } from './log-in.ts';
import type { Membership } from './membership.ts';
import { makeMeshFolder, meshPlaces, socketIn } from './mesh-folder.ts';
import { OwnDaemon } from './own-daemon.ts';
import { Receiver } from './receiver.ts';
import { scrub } from './scrub.ts';
import { sweep } from './sweep.ts';
import { unlessAborted } from './unless-aborted.ts';

const LOGOUT_MS = 5000;
/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 5000;
const NEWS_MS = 1000;

export interface OwnSettings {
  /** The program; by default it is looked for in PATH. */
  readonly tailscaled?: string | undefined;
  readonly loginServer: string;
  /** A secret: it goes over the socket only, into no argument, variable, file or error. */
  readonly authKey: string;
  readonly joinTimeoutMs: number;
  /** Of which the tailscaled gets all but our secrets. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Told where somebody has to do something, such as approve us; may hold text of the login server. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/**
 * Joins the mesh by a tailscaled of our own, which ends with us in whatever way we end; what runs before left is swept.
 * Throws `MESH_NO_DAEMON`, `MESH_DAEMON`, `MESH_KEY_REFUSED`, `MESH_TIMEOUT`,
 * `TEMPORARY_FILE`, or the signal's reason; then nothing of it is left.
 * Source: specification, "Being on the tailnet without a tailnet library".
 */
export async function joinOwn(settings: OwnSettings): Promise<Membership> {
  const { env, signal, authKey } = settings;
  signal.throwIfAborted();
  assertOwnIsPossible(process.platform);
  const program = await findTailscaled(settings.tailscaled, env);
  const places = await meshPlaces(env);
  await sweep(places, GRACE_MS);
  const clean = (text: string): string => scrub(text, authKey);
  const folder = await makeMeshFolder(places);
  const daemon = new OwnDaemon({ program, folder, env, clean });
  const api = new LocalApi(socketIn(folder), clean);
  const stay = new Stay(daemon, api);
  try {
    return await join(settings, stay);
  } catch (error) {
    await stay.leave();
    throw error;
  }
}

async function join(settings: OwnSettings, stay: Stay): Promise<Membership> {
  const { loginServer: controlUrl, authKey, joinTimeoutMs, onNote = () => undefined } = settings;
  const { daemon, api, receiver } = stay;
  const progress: LoginProgress = { status: undefined, trouble: undefined };
  const ended = new AbortController();
  void daemon.ended.then((failure) => {
    ended.abort(failure);
  });
  const outer = AbortSignal.any([settings.signal, ended.signal]);
  const deadline = new Deadline(outer, joinTimeoutMs, () => tooLate(joinTimeoutMs, progress));
  // Who asks it may learn of its end before we do.
  const orItsEnd = async (error: unknown): Promise<never> => {
    const isCut = error instanceof MeshBackupError && error.code === 'MESH_DAEMON' && 'cause' in error;
    throw (isCut ? await daemon.whyEnded(NEWS_MS) : undefined) ?? error;
  };
  try {
    const port = await unlessAborted(daemon.proxyPort(), deadline.signal);
    const hostname = `nara-backup-${Math.floor(Date.now() / 1000) % 100_000}`;
    stay.hasLogin = true;
    await logIn(api, { authKey, controlUrl, hostname }, progress, deadline.signal, onNote).catch(orItsEnd);
    const url = `http://127.0.0.1:${port}`;
    return {
      way: 'own',
      proxy: { http: url, https: url, noProxy: '', tunnelsAll: true },
      status: () => api.status().catch(orItsEnd),
      receive: (onCall, port) => receiver.open(onCall, port),
      leave: () => stay.leave(),
    };
  } finally {
    deadline.end();
  }
}

/** Being there, and how it ends. */
class Stay {
  readonly daemon: OwnDaemon;
  readonly api: LocalApi;
  readonly receiver: Receiver;
  /** Whether there is something to log out from. */
  hasLogin = false;
  #leaving: Promise<void> | undefined;

  constructor(daemon: OwnDaemon, api: LocalApi) {
    this.daemon = daemon;
    this.api = api;
    this.receiver = new Receiver(api, () => this.#end());
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    await this.receiver.close().catch(() => undefined); // tailscaled is ended then, and nobody comes in
    if (this.hasLogin) await this.api.logout(LOGOUT_MS).catch(() => undefined); // SIGTERM logs out, too
    await this.#end();
  }

  /** Without a word to the login server: at once. */
  async #end(): Promise<void> {
    await this.api.close();
    await this.daemon.stop(GRACE_MS);
  }
}

function tooLate(joinTimeoutMs: number, { status, trouble }: LoginProgress): MeshBackupError {
  const told =
    status === undefined
      ? `: ${trouble ?? 'tailscaled does not say that it is ready'}`
      : ` (state ${status.state})${status.health.length === 0 ? '' : `: ${status.health.join('; ')}`}`;
  const isWaiting = status?.state === 'NeedsMachineAuth';
  return new MeshBackupError(
    'MESH_TIMEOUT',
    `Failed to connect to mesh: not connected within ${joinTimeoutMs / 1000} s${told}`,
    {
      hint: isWaiting
        ? 'The login server waits for somebody to approve this node, or use a key that is approved beforehand.'
        : 'Is the login server URL right, and reachable from here? --join-timeout waits longer.',
      retryable: true,
    },
  );
}
