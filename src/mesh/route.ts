import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector, Client } from 'undici';
import { isNearAddress } from './near-address.ts';
import { nearLookup, plainHttp } from './near-lookup.ts';
import { proxyFor, type Proxy, type ProxySettings } from './proxy.ts';
import type { TlsOptions } from './tls-settings.ts';
import { Tunnel } from './tunnel.ts';
import { hostOf } from './url-parts.ts';

export interface RouteSettings {
  /** For each step of a connection: to the host or proxy, through the proxy, TLS. */
  readonly connectTimeoutMs: number;
  /** Options for TLS with peers, and with proxies. */
  readonly tls: { readonly peer: TlsOptions; readonly proxy: TlsOptions };
  readonly proxy: ProxySettings | undefined;
  /** Plain http to anybody, or only to addresses that are near. */
  readonly plainHttp: 'anywhere' | 'near';
  /** Resolves names; the system's resolver by default. */
  readonly lookup: LookupFunction | undefined;
}

/** The way of requests to one peer. */
export interface Route {
  readonly client: Client;
  /** What comes before the path in a request: nothing, or the peer's origin for a proxy that forwards. */
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The proxy that `client` speaks to, where it is not the peer: its origin. */
  readonly forwarder: string | undefined;
  close(): Promise<void>;
}

/**
 * Makes the way to a peer: directly, through a proxy's tunnel, or, where neither the peer nor the proxy has TLS, by a
 * proxy that forwards (many let no tunnel through to other ports than 443; a tailscaled of ours does). Dials nothing yet.
 * Throws `PLAIN_HTTP` for what is known beforehand, `USAGE` for a proxy that is none.
 */
export function makeRoute(peer: URL, settings: RouteSettings): Route {
  const proxy = settings.proxy && proxyFor(peer, settings.proxy);
  const isGuarded = settings.plainHttp === 'near' && peer.protocol === 'http:';
  if (isGuarded) assertMayBeNear(hostOf(peer), proxy);
  const dial = (tls: TlsOptions, lookup: LookupFunction | undefined): buildConnector.connector =>
    buildConnector({ ...tls, timeout: settings.connectTimeoutMs, ...(lookup && { lookup }) });
  if (proxy === undefined) {
    const lookup = isGuarded ? nearLookup(settings.lookup ?? systemLookup) : settings.lookup;
    return direct(makeClient(peer.origin, dial(settings.tls.peer, lookup)));
  }
  const dialProxy = dial(settings.tls.proxy, settings.lookup);
  if (peer.protocol === 'http:' && proxy.origin.startsWith('http:') && !proxy.tunnelsAll) {
    return forwarded(peer, proxy, makeClient(proxy.origin, dialProxy));
  }
  return tunnelled(
    peer,
    new Tunnel(proxy, dialProxy, dial(settings.tls.peer, undefined), settings.connectTimeoutMs),
  );
}

/** Names are looked at when they are dialled, but nobody can tell where a proxy dials a name. */
function assertMayBeNear(host: string, proxy: Proxy | undefined): void {
  if (isIP(host) !== 0 && !isNearAddress(host)) throw plainHttp(host);
  if (isIP(host) === 0 && proxy !== undefined) throw plainHttp(host, 'a proxy may dial any address for it');
}

function direct(client: Client): Route {
  return { client, prefix: '', headers: {}, forwarder: undefined, close: () => client.destroy() };
}

function tunnelled(peer: URL, tunnel: Tunnel): Route {
  const client = makeClient(peer.origin, tunnel.connect);
  const close = async (): Promise<void> => {
    await client.destroy();
    await tunnel.close();
  };
  return { ...direct(client), close };
}

function forwarded(peer: URL, { origin, authorization }: Proxy, client: Client): Route {
  const headers = {
    host: peer.host,
    ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
  };
  return { ...direct(client), prefix: peer.origin, headers, forwarder: origin };
}

/** The time-outs of answers are ours: undici's are up to a second late. */
function makeClient(origin: string, connect: buildConnector.connector): Client {
  return new Client(origin, { connect, headersTimeout: 0, bodyTimeout: 0 });
}
