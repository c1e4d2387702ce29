import { MeshBackupError } from '../errors.ts';
import type { CommandContext } from './command-module.ts';
import type { MeshFlags } from './mesh-flags.ts';
import { readSecretFrom } from './secret-source.ts';

/** Where a tailscaled of ours logs in, and by what. */
export interface Login {
  readonly loginServer: string;
  readonly authKey: string;
}

/** Reads the login server and the auth key; `undefined` where either is not given. Throws `USAGE`, `SECRET_UNREADABLE`. */
export async function readLogin(flags: MeshFlags, context: CommandContext): Promise<Login | undefined> {
  const { env } = context;
  const { authkey: value, authkeyFile: file, authkeyCommand: command } = flags;
  const variables = ['TS_AUTHKEY', 'TS_AUTH_KEY'];
  const places = { flag: 'authkey', value, file, command, variables };
  const text = await readSecretFrom(places, { ...context, stdinIsData: true });
  const loginServer = flags.loginServer ?? orNone(env['NARA_HEADSCALE_URL']) ?? orNone(env['HEADSCALE_URL']);
  const authKey = text?.trim();
  if (loginServer === undefined || authKey === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(authKey)) {
    throw new MeshBackupError(
      'USAGE',
      'The auth key is empty, or has white space or other odd characters in it.',
    );
  }
  assertLoginServer(loginServer);
  return { loginServer, authKey };
}

function orNone(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Does not show it: who mistakes one flag for another gives the key here. */
function assertLoginServer(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === '') return;
  throw new MeshBackupError('USAGE', 'The login server is no http(s) URL without credentials.', {
    hint: 'Like --login-server https://headscale.example.org; NARA_HEADSCALE_URL and HEADSCALE_URL count, too.',
  });
}
