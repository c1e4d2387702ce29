import { isIPv6 } from 'node:net';
import { MeshBackupError } from '../errors.ts';
import { isLoopbackHost } from './near-address.ts';
import { hostOf, portOf } from './url-parts.ts';

/** As the environment has them: with credentials, not yet looked at. Never print them. */
export interface ProxySettings {
  /** For plain http. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are asked directly. */
  readonly noProxy: string;
  /**
   * It is a tailscaled of ours: plain http, too, goes by tunnel, where the proxy alters nothing and what it says is not
   * taken for the peer's word. What it refuses is then a peer that is not there.
   */
  readonly tunnelsAll?: boolean;
}

/** A proxy to dial. */
export interface Proxy {
  /** Without credentials: good to print. */
  readonly origin: string;
  /** For `Proxy-Authorization`: a secret. */
  readonly authorization: string | undefined;
  /** As in {@link ProxySettings}. */
  readonly tunnelsAll: boolean;
}

/**
 * Reads the variables that name proxies, as undici's `EnvHttpProxyAgent` does: lower case goes before upper case, and
 * https takes http's proxy where it has none of its own. `undefined` where none is named.
 */
export function proxyFromEnvironment(env: NodeJS.ProcessEnv): ProxySettings | undefined {
  const http = orNone(env['http_proxy'] ?? env['HTTP_PROXY']);
  const https = orNone(env['https_proxy'] ?? env['HTTPS_PROXY']) ?? http;
  if (http === undefined && https === undefined) return undefined;
  return { http, https, noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '' };
}

/** An empty variable names none. */
function orNone(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The proxy for this peer, none for this machine itself. Throws `USAGE` where it is no http(s) proxy. */
export function proxyFor(peer: URL, settings: ProxySettings): Proxy | undefined {
  const text = peer.protocol === 'https:' ? settings.https : settings.http;
  if (text === undefined || isLoopbackHost(hostOf(peer)) || isExempt(peer, settings.noProxy))
    return undefined;
  return parseProxy(text, settings.tunnelsAll ?? false);
}

/** `NO_PROXY`: names with all that is below them, addresses, each with a port or without, or `*` for all. */
function isExempt(peer: URL, noProxy: string): boolean {
  const host = hostOf(peer);
  return noProxy.split(/[,\s]+/).some((entry) => {
    const withPort = isIPv6(entry) ? null : /^(.+):(\d+)$/.exec(entry);
    if (withPort !== null && Number(withPort[2]) !== portOf(peer)) return false;
    const name = (withPort?.[1] ?? entry)
      .replace(/^\*?\./, '')
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase();
    return name === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`)));
  });
}

function parseProxy(text: string, tunnelsAll: boolean): Proxy {
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const credentials = url && decode(`${url.username}:${url.password}`);
  if (url === undefined || credentials === undefined || !/^https?:$/.test(url.protocol)) {
    throw new MeshBackupError('USAGE', 'The proxy that the environment names is no http(s) URL.', {
      hint: 'Look at HTTPS_PROXY and HTTP_PROXY; hosts in NO_PROXY are asked directly.',
    });
  }
  return {
    origin: url.origin,
    authorization: credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
    tunnelsAll,
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
