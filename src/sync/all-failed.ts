import { ERROR_CODES, MeshBackupError, type ErrorCode } from '../errors.ts';

/**
 * What it comes to when every one of the peers failed, for these reasons. All silent: 14. All refuse our signature: 12.
 * All refuse: 15. Anything else: 1.
 */
export function judgeAllFailed(peers: number, errors: readonly MeshBackupError[]): MeshBackupError {
  const alike = (codes: readonly ErrorCode[]): boolean => errors.every(({ code }) => codes.includes(code));
  const all = `All ${peers} peers failed`;
  const hint = errors[0]?.hint;
  const fields = hint === undefined ? {} : { hint };
  if (alike(['PEER_UNREACHABLE', 'PEER_SILENT'])) {
    return new MeshBackupError('PEER_SILENT', `${all}: none answered.`, {
      hint: 'Are they online? Is the address right?',
    });
  }
  if (alike(['PEER_UNREACHABLE', 'PEER_SILENT', 'PEER_TLS'])) {
    return new MeshBackupError('PEER_TLS', `${all}: no TLS with them.`, fields);
  }
  if (alike(['PEER_WRONG_SOUL'])) {
    return new MeshBackupError('PEER_WRONG_SOUL', 'Authentication failed: soul does not match', fields);
  }
  if (errors.every(({ code }) => [12, 15].includes(ERROR_CODES[code].exitStatus))) {
    return new MeshBackupError('PEER_REFUSED', `${all}: they refused us.`, fields);
  }
  return new MeshBackupError('NOTHING_FETCHED', `${all}.`);
}
