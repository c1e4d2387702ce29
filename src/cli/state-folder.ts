import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where we keep what is worth keeping between runs; `undefined` for who has no home. Source: XDG Base Directory Specification. */
export function stateFolder(env: NodeJS.ProcessEnv): string | undefined {
  const state = env['XDG_STATE_HOME'] ?? '';
  if (isAbsolute(state)) return join(state, 'mesh-backup');
  const home = homeOf();
  return isAbsolute(home) ? join(home, '.local', 'state', 'mesh-backup') : undefined;
}

function homeOf(): string {
  try {
    return homedir();
  } catch {
    return ''; // a user without an entry in the system's list
  }
}
