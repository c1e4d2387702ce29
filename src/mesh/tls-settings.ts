import { X509Certificate } from 'node:crypto';
import * as tls from 'node:tls';
import { MeshBackupError } from '../errors.ts';

/** Whose certificates count. */
export interface TlsSettings {
  /** PEM text, one or more: trusted together with the roots that Node brings or is told of, not in their place. */
  readonly ca?: string | undefined;
  /** Takes any certificate of a peer, so that anybody can pretend to be it. A proxy's is verified all the same. */
  readonly insecure?: boolean | undefined;
}

/** What `tls.connect` needs to know of it. */
export type TlsOptions = Pick<tls.ConnectionOptions, 'secureContext' | 'rejectUnauthorized'>;

/** Options of `tls.connect`, made once: reading all the roots takes long. Throws `USAGE` for a `ca` without certificates. */
export function tlsOptions({ ca, insecure }: TlsSettings): TlsOptions {
  return {
    ...(ca === undefined ? {} : { secureContext: trusting(ca) }),
    ...(insecure === true ? { rejectUnauthorized: false } : {}),
  };
}

function trusting(ca: string): tls.SecureContext {
  try {
    // The first of them; OpenSSL passes over what it cannot read, and would trust nobody more without a word.
    new X509Certificate(ca);
    return tls.createSecureContext({ ca: [...defaultRoots(), ca] });
  } catch (cause) {
    throw new MeshBackupError('USAGE', 'What was given as CA holds no certificate in PEM.', { cause });
  }
}

/** Node before 22.15 cannot tell which roots NODE_EXTRA_CA_CERTS added: there, those are left out. */
function defaultRoots(): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}
