import { isIPv6 } from 'node:net';
import type { Payload } from './payload.ts';

/**
 * Whether the content string can be split in more than one way: it joins its fields with a bare `:`, so a field that
 * holds one makes the fields uncertain. An IPv6 MeshIP holds colons by nature, stands last, and does not count.
 */
export function isAmbiguous(payload: Payload): boolean {
  return contentStrings(payload).some((text) => text.includes(':'));
}

function contentStrings(payload: Payload): readonly string[] {
  switch (payload.svc) {
    case 'social':
      return [payload.type, payload.actor, payload.target, payload.reason, payload.witness];
    case 'ping':
      return [payload.observer, payload.target];
    case 'observation':
      return payload.type === 'restart'
        ? [payload.subject]
        : [payload.observer, payload.subject, payload.type, payload.onlineState];
    case 'hey-there':
      return [payload.from, payload.publicKey, isIPv6(payload.meshIp) ? '' : payload.meshIp];
    case 'chau':
      return [payload.from, payload.publicKey];
    case 'seen':
      return [payload.observer, payload.subject, payload.via];
    case 'checkpoint':
      return [payload.subjectId || payload.subject, payload.previousCheckpointId];
  }
}
