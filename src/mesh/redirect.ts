import { MeshBackupError } from '../errors.ts';
import type { HttpAnswer } from './http.ts';
import { basePathOf, portOf } from './url-parts.ts';

/**
 * Where a redirect (status 3xx) of `path`, asked below `base`, moves the base: for 307 and 308, which keep method and
 * body, on the same host and below it to the same `path` (with its query, if it has one). Plain http may become https,
 * with port 80 becoming 443 or the port as it was; nothing else may change. Asks nobody: whoever sends again bounds how often.
 * Throws `PEER_REDIRECT`.
 */
export function redirectTarget(base: URL, path: string, { status, headers }: HttpAnswer): URL {
  const { location = '' } = headers;
  const from = new URL(base.origin + basePathOf(base) + path);
  if (location === '' || !URL.canParse(location, from.href)) throw refused(`HTTP ${status} to nowhere`);
  const to = new URL(location, from);
  const target = movedBase(to, path);
  const shown = `HTTP ${status} to ${to.origin === 'null' ? 'no web address' : to.origin + to.pathname}`;
  const hint = `Give ${target?.href ?? to.origin} as -nara-url, if it is yours.`;
  if (!/^https?:$/.test(to.protocol) || to.username + to.password !== '') throw refused(shown);
  if (base.protocol === 'https:' && to.protocol === 'http:')
    throw refused(`${shown}: from https to plain http`);
  if (to.hostname !== base.hostname) throw refused(`${shown}: another host`, hint);
  if (!mayMove(base, to)) throw refused(`${shown}: another port`, hint);
  if (target === undefined) throw refused(`${shown}: another path than ${path}`);
  if (status !== 307 && status !== 308) throw refused(`${shown}: a POST would arrive as a GET`, hint);
  return target;
}

/** What comes before the path that was asked; `undefined` where that path was changed, too. */
function movedBase(to: URL, path: string): URL | undefined {
  const whole = to.pathname + to.search;
  if (!whole.endsWith(path)) return undefined;
  const base = new URL(to.origin === 'null' ? 'http://none' : to.origin);
  base.pathname = whole.slice(0, whole.length - path.length);
  base.pathname = basePathOf(base);
  return base;
}

function mayMove(from: URL, to: URL): boolean {
  const isUpgrade = from.protocol === 'http:' && to.protocol === 'https:';
  return portOf(from) === portOf(to) || (isUpgrade && portOf(from) === 80 && portOf(to) === 443);
}

function refused(message: string, hint?: string): MeshBackupError {
  return new MeshBackupError('PEER_REDIRECT', message, hint === undefined ? {} : { hint });
}
