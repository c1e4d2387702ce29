import { MeshBackupError } from '../errors.ts';
import { basePathOf } from './url-parts.ts';

const NARA = { flag: '-nara-url', server: 'nara' };

/** Where it is shown what was given: nothing that can hold a secret. */
const HARMLESS = /^[\w.:[\]/-]{1,100}$/;

/**
 * Parses `-nara-url`, or what is called `flag`: http or https, a host, a port, and the path of a proxy that stands before
 * the server; slashes at the end are dropped. Throws `USAGE`, and never shows credentials or a query.
 */
export function parseTargetUrl(text: string, { flag, server } = NARA): URL {
  if (text === '') throw wrong(`${flag} is empty.`);
  if (/[\s\p{Cc}]/u.test(text)) throw wrong(`${flag} holds white space or control characters.`);
  const scheme = /^(?:([a-z][a-z\d+.-]*):)?\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw withoutScheme(text, flag);
  if (!/^https?$/.test(scheme)) throw wrong(`${flag} is no http:// or https:// URL.`);
  if (/^[^/]*\/\/[^/?#\\]*@/.test(text)) {
    throw wrong(`${flag} holds credentials: they would end up in logs, and a ${server} asks for none.`);
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username + url.password !== '' || text.includes('\\')) {
    throw wrong(`${flag} is no URL: its host or port cannot be.`);
  }
  if (/[?#]/.test(text)) throw wrong(`${flag} ends where the path of the ${server} ends: no ? and no #.`);
  url.pathname = basePathOf(url);
  return url;
}

/** `localhost:8080` is a URL of the scheme `localhost` to the parser. */
function withoutScheme(text: string, flag: string): MeshBackupError {
  const bare = text.replace(/^\/+/, '');
  const isShown = HARMLESS.test(bare) && URL.canParse(`http://${bare}`);
  return wrong(
    `${flag} does not begin with http:// or https://.`,
    isShown ? `Did you mean http://${bare} or https://${bare}?` : undefined,
  );
}

function wrong(message: string, hint = 'Want http://HOST:PORT or https://HOST.'): MeshBackupError {
  return new MeshBackupError('USAGE', message, { hint });
}
