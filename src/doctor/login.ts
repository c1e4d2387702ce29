import type { MeshBackupError } from '../errors.ts';
import { failedBy, type Check } from './check.ts';

const WAYS = {
  none: 'not needed: the peers are named',
  host: "on the mesh by this machine's tailscaled",
  own: 'on the mesh by a tailscaled of our own, which leaves at the end',
} as const;

/** How we came to the peers, or why not. */
export function checkLogin(outcome: keyof typeof WAYS | MeshBackupError): Check {
  if (typeof outcome !== 'string') return failedBy('login', outcome);
  return { what: 'login', state: outcome === 'none' ? 'skipped' : 'ok', text: WAYS[outcome] };
}
