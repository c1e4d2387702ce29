import { MeshBackupError } from '../errors.ts';

/** What a peer's 401 or 403 means, by its text. Source: specification, "Mesh HTTP" and `vectors/http/401-*`. */
export function refusal(status: number, body: Buffer): MeshBackupError {
  const text = body.toString('utf8', 0, 200).trim();
  const message = `HTTP ${status}: ${text}`;
  if (text.includes('unknown sender')) {
    return new MeshBackupError('PEER_UNKNOWN_SENDER', message, {
      hint: 'It has never met this nara. Is the name right, and is the nara itself on the mesh?',
    });
  }
  if (text.includes('timestamp too old or in future')) {
    return new MeshBackupError('PEER_CLOCK', message, {
      hint: 'Set the clock of this machine (or of the peer): 30 seconds are allowed.',
      retryable: true,
    });
  }
  if (text.includes('signature verification failed')) {
    return new MeshBackupError('PEER_WRONG_SOUL', message, {
      hint: 'The soul is not the one that this peer knows the name by. The nara prints its soul when it starts.',
    });
  }
  return new MeshBackupError('PEER_REFUSED', message);
}
