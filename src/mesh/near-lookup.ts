import type { LookupFunction } from 'node:net';
import { MeshBackupError } from '../errors.ts';
import { isNearAddress } from './near-address.ts';

/**
 * A resolver that gives near addresses only, for `net.connect`: what it gives is what is dialled, so a name that
 * resolves elsewhere when it is looked up again is refused as well. Fails with `PLAIN_HTTP` where none is near.
 */
export function nearLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error !== null) {
        callback(error, found, family);
        return;
      }
      const given = typeof found === 'string' ? [{ address: found, family: family ?? 0 }] : found;
      const near = given.filter(({ address }) => isNearAddress(address));
      if (near.length === 0) callback(plainHttp(hostname), '', 0);
      else callback(null, typeof found === 'string' ? found : near, family);
    });
  };
}

/** The refusal to speak plain http to a host, with its reason. */
export function plainHttp(host: string, why = 'it is on no private network'): MeshBackupError {
  return new MeshBackupError(
    'PLAIN_HTTP',
    `No plain http to ${host}: ${why}, and the signature of an import covers only the events' IDs, so whoever ` +
      'listens on the way could replace every event.',
    { hint: 'Use https://, or --insecure-http where nobody can listen.' },
  );
}
