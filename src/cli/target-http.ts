import { PeerHttp } from '../mesh/http.ts';
import { proxyFromEnvironment } from '../mesh/proxy.ts';
import { readNamedText } from './read-named-text.ts';
import type { WayFlags } from './way-flags.ts';

/** HTTP to a target: by the environment's proxies, over plain http only to where nobody listens. Throws `FILE_UNREADABLE`, `USAGE`. */
export async function openTargetHttp(
  flags: Omit<WayFlags, 'requestTimeout'>,
  env: NodeJS.ProcessEnv,
): Promise<PeerHttp> {
  const ca = flags.caFile === undefined ? undefined : await readNamedText(flags.caFile, 'the CA file');
  const proxy = proxyFromEnvironment(env);
  return new PeerHttp({
    connectTimeoutMs: flags.connectTimeout,
    tls: { ...(ca !== undefined && { ca }), insecure: flags.insecure ?? false },
    ...(proxy && { proxy }),
    plainHttp: flags.insecureHttp ? 'anywhere' : 'near',
  });
}
