import { MeshBackupError } from '../errors.ts';
import type { HttpAnswer } from '../mesh/http.ts';
import { describeClock } from './peer-clock.ts';

/**
 * Throws unless the answer is one that holds events: status 200, JSON, as it is. Throws `PEER_REDIRECT`, `PEER_STATUS`,
 * `PEER_CONTENT_TYPE`, `PEER_CONTENT_ENCODING`, and for a 401 or 403 `PEER_UNKNOWN_SENDER`, `PEER_CLOCK`,
 * `PEER_WRONG_SOUL` or `PEER_REFUSED`. `nowMs` is when it came, unix milliseconds.
 */
export function assertUsable(answer: HttpAnswer, nowMs: number): void {
  const { status, headers, body } = answer;
  if (status === 401 || status === 403) throw refusal(answer, nowMs);
  if (status >= 300 && status < 400) {
    throw new MeshBackupError('PEER_REDIRECT', `HTTP ${status} to ${cut(headers.location ?? 'nowhere')}`, {
      hint: 'Redirects are not followed: what is signed for one place must not go to another.',
    });
  }
  if (status !== 200) {
    throw new MeshBackupError('PEER_STATUS', statusText(status, body), {
      retryable: status === 429 || status >= 500,
      ...(status === 404 && { hint: 'Is that a nara, and the port that of its mesh (7433)?' }),
    });
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new MeshBackupError(
      'PEER_CONTENT_ENCODING',
      `content encoding ${cut(encoding)}, asked for identity`,
    );
  }
  const type = headers['content-type'] ?? 'none';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new MeshBackupError('PEER_CONTENT_TYPE', `content type ${cut(type)}, want application/json`);
  }
}

/** What a peer's 401 or 403 means, by its text. Source: specification, "Mesh HTTP" and `vectors/http/401-*`. */
function refusal(answer: HttpAnswer, nowMs: number): MeshBackupError {
  const { status, headers, body } = answer;
  const message = statusText(status, body);
  if (isUnknownSender(answer)) {
    return new MeshBackupError('PEER_UNKNOWN_SENDER', message, {
      hint: 'It has never met this nara. Is the name right, and is the nara itself on the mesh? docs/mesh.md, "Being let in".',
    });
  }
  if (message.includes('timestamp too old or in future')) {
    const clock = describeClock(headers, nowMs);
    return new MeshBackupError('PEER_CLOCK', clock === undefined ? message : `${clock}: ${message}`, {
      hint: 'Set the clock of this machine (or of the peer): 30 seconds are allowed.',
      retryable: true,
    });
  }
  if (message.includes('signature verification failed')) {
    return new MeshBackupError('PEER_WRONG_SOUL', message, {
      hint: 'The soul is not the one that this peer knows the name by. The nara prints its soul when it starts.',
    });
  }
  return new MeshBackupError('PEER_REFUSED', message);
}

/** Whether the peer has no key for the name, and found none. */
export function isUnknownSender({ status, body }: HttpAnswer): boolean {
  return status === 401 && body.subarray(0, SHOWN_CHARACTERS).includes('unknown sender');
}

const SHOWN_CHARACTERS = 200;

/** What a peer says can be long. */
function cut(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS);
}

function statusText(status: number, body: Buffer): string {
  const text = body.toString('utf8', 0, SHOWN_CHARACTERS).trim();
  return `HTTP ${status}${text === '' ? '' : `: ${text}`}`;
}
