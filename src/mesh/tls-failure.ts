import { MeshBackupError } from '../errors.ts';

const CA_HINT = 'If it is yours: --ca-file FILE (or NODE_EXTRA_CA_CERTS) names who signed its certificate.';
const HOST_HINT = 'Ask it by a name that is in its certificate.';

/** OpenSSL's and Node's codes → what follows "the certificate of …", and what helps. */
const CERTIFICATE: Readonly<Record<string, readonly [says: string, hint: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['is signed by itself alone', CA_HINT],
  SELF_SIGNED_CERT_IN_CHAIN: ['is signed by somebody who is not trusted here', CA_HINT],
  UNABLE_TO_GET_ISSUER_CERT: ['is signed by somebody who is not known here', CA_HINT],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['is signed by somebody who is not known here', CA_HINT],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['is signed by somebody who is not known here', CA_HINT],
  CERT_HAS_EXPIRED: ['has expired', 'It must be renewed, unless the clock here is wrong.'],
  CERT_NOT_YET_VALID: ['is not valid yet', 'Is the clock here right?'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['is for another host', HOST_HINT],
  ERR_TLS_CERT_ALTNAME_FORMAT: ['names its hosts in no proper form', HOST_HINT],
};

const OTHER_CERTIFICATE = /^(CERT_|CRL_|UNABLE_TO_|INVALID_(CA|PURPOSE)|PATH_LENGTH_|ERROR_IN_CERT_)/;
const PROTOCOL = /^(ERR_SSL_|EPROTO$)/;

/** `PEER_TLS` where a connection failed because of TLS, `undefined` where it failed otherwise; `who` begins with "the". */
export function nameTlsFailure(error: unknown, who: string): MeshBackupError | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = Object.hasOwn(CERTIFICATE, code) ? CERTIFICATE[code] : undefined;
  if (known !== undefined) return failure(`the certificate of ${who} ${known[0]}`, known[1], error);
  if (OTHER_CERTIFICATE.test(code)) {
    return failure(`the certificate of ${who} does not verify: ${code}`, CA_HINT, error);
  }
  return PROTOCOL.test(code)
    ? failure(`${who} speaks no TLS that fits ours: ${code}`, 'Is it an http:// address?', error)
    : undefined;
}

function failure(message: string, hint: string, cause: unknown): MeshBackupError {
  return new MeshBackupError('PEER_TLS', message, { hint, cause });
}
