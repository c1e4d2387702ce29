import { MeshBackupError } from '../errors.ts';
import type { LocalApi, LoginSettings } from './local-api.ts';
import { pause } from './pause.ts';
import type { TailnetStatus } from './tailnet-status.ts';
import { unlessAborted } from './unless-aborted.ts';

const LOOK_EVERY_MS = 100;

/** What came of it so far, for whoever gives up waiting. */
export interface LoginProgress {
  /** As tailscaled said last; `undefined`: nothing yet. */
  status: TailnetStatus | undefined;
  /** Why it says nothing yet. */
  trouble: string | undefined;
}

/**
 * Logs a fresh tailscaled in and waits until it is on the tailnet. `onNote` is told once where somebody has to do
 * something. Throws `MESH_KEY_REFUSED`, `MESH_DAEMON`, or the signal's reason: there is no other end to the waiting.
 */
export async function logIn(
  api: LocalApi,
  settings: LoginSettings,
  progress: LoginProgress,
  signal: AbortSignal,
  onNote: (text: string) => void,
): Promise<void> {
  await unlessAborted(firstAnswer(api, progress, signal), signal);
  await unlessAborted(api.start(settings), signal);
  await unlessAborted(api.loginInteractive(), signal);
  let isNoted = false;
  for (;;) {
    const status = await unlessAborted(api.status(), signal);
    progress.status = status;
    if (status.state === 'Running') return;
    const refusal = status.health.map(refusalIn).find((reason) => reason !== undefined);
    if (refusal !== undefined) throw keyRefused(refusal);
    if (status.state === 'NeedsMachineAuth' && !isNoted) {
      isNoted = true;
      onNote(
        `${settings.hostname} waits to be approved at the login server ${hostOfUrl(settings.controlUrl)}.`,
      );
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** Its socket may not be there yet, and may be there before it answers. */
async function firstAnswer(api: LocalApi, progress: LoginProgress, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      progress.status = await api.status();
      return;
    } catch (error) {
      progress.trouble = error instanceof Error ? error.message : String(error);
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

const LOGIN_ERROR = /last login error was: (.+)/is;
/** What servers say of keys: Headscale's "invalid pre auth key", Tailscale's "invalid key: API key … not valid". */
const ABOUT_KEY = /\b(pre-?\s?auth-?\s?key|auth-?\s?key|api key|invalid key|unauthorized|http 40[13])\b/i;
/** Before any key is looked at. */
const NO_CONNECTION = /^fetch control key|\bdial tcp\b|\bcontext (canceled|deadline)|i\/o timeout/i;

/** What the login server has against the key; `undefined` for trouble that may pass, and for having yet to log in. */
function refusalIn(health: string): string | undefined {
  const reason = LOGIN_ERROR.exec(health)?.[1]?.trim();
  return reason !== undefined && ABOUT_KEY.test(reason) && !NO_CONNECTION.test(reason) ? reason : undefined;
}

function keyRefused(reason: string): MeshBackupError {
  return new MeshBackupError(
    'MESH_KEY_REFUSED',
    `Failed to connect to mesh: the login server refuses the auth key: ${reason}`,
    { hint: 'Is it expired, used up, or of another login server?' },
  );
}

/** For people: without credentials that may be in a URL. */
function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}
