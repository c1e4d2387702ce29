/** The path that comes before all of ours (a proxy's), with no slash at its end: empty where there is none. */
export function basePathOf(url: URL): string {
  return url.pathname.replace(/\/+$/, '');
}

/** The port that is dialled, given or not. */
export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/** The host's name or address; an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}
