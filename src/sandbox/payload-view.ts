import type { Payload, Service } from '../event/payload.ts';
import { isObject } from './exact-json.ts';
import type { WireObject, WireValue } from './go-json.ts';

/** The key under which an event carries its payload. */
export const PAYLOAD_KEYS: Readonly<Record<Service, string>> = {
  social: 'social',
  ping: 'ping',
  observation: 'observation',
  'hey-there': 'hey_there',
  chau: 'chau',
  seen: 'seen',
  checkpoint: 'checkpoint',
};

export function isService(svc: string): svc is Service {
  return Object.hasOwn(PAYLOAD_KEYS, svc);
}

/** What content strings need of a payload in its wire form; what is missing or of a wrong type counts as empty. */
export function viewPayload(svc: Service, wire: WireObject): Payload {
  const observing = () => ({
    observer: text(wire['observer']),
    observerId: text(wire['observer_id']),
    subject: text(wire['subject']),
    subjectId: text(wire['subject_id']),
  });
  switch (svc) {
    case 'social':
      return {
        svc,
        type: text(wire['type']),
        actor: text(wire['actor']),
        actorId: text(wire['actor_id']),
        target: text(wire['target']),
        targetId: text(wire['target_id']),
        reason: text(wire['reason']),
        witness: text(wire['witness']),
      };
    case 'ping':
      return {
        svc,
        observer: text(wire['observer']),
        observerId: text(wire['observer_id']),
        target: text(wire['target']),
        targetId: text(wire['target_id']),
        rtt: Number(wire['rtt'] ?? 0),
      };
    case 'observation':
      return {
        svc,
        ...observing(),
        type: text(wire['type']),
        importance: integer(wire['importance']),
        onlineState: text(wire['online_state']),
        startTime: integer(wire['start_time']),
        restartNum: integer(wire['restart_num']),
      };
    case 'hey-there':
      return {
        svc,
        from: text(wire['From']),
        publicKey: text(wire['PublicKey']),
        meshIp: text(wire['MeshIP']),
        id: text(wire['ID']),
      };
    case 'chau':
      return { svc, from: text(wire['From']), publicKey: text(wire['PublicKey']), id: text(wire['ID']) };
    case 'seen':
      return { svc, ...observing(), via: text(wire['via']) };
    case 'checkpoint': {
      const observation = isObject(wire['observation']) ? wire['observation'] : {};
      return {
        svc,
        version: integer(wire['version']),
        subject: text(wire['subject']),
        subjectId: text(wire['subject_id']),
        previousCheckpointId: text(wire['previous_checkpoint_id']),
        restarts: integer(observation['restarts']),
        totalUptime: integer(observation['total_uptime']),
        startTime: integer(observation['start_time']),
        asOfTime: integer(wire['as_of_time']),
        voterIds: texts(wire['voter_ids']),
        signatures: texts(wire['signatures']),
      };
    }
  }
}

function text(value: WireValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function integer(value: WireValue | undefined): string {
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : '0';
}

function texts(value: WireValue | undefined): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}
