import type { Payload, Service } from './payload.ts';
import type { EventScanner } from './scanner.ts';
import { SLOT } from './schema.ts';

/** Whether a service is one of the seven whose content is known. Go compares exactly: `SEEN` is no `seen`. */
export function isService(svc: string): svc is Service {
  return Object.hasOwn(READERS, svc);
}

/** The payload that a known service names, `undefined` where it is missing or null. */
export function readPayload(scanner: EventScanner, svc: Service): Payload | undefined {
  const { slot, read } = READERS[svc];
  return scanner.has(slot) ? read(scanner) : undefined;
}

const READERS: Record<Service, { slot: number; read: (scanner: EventScanner) => Payload }> = {
  social: {
    slot: SLOT.social,
    read: (scanner) => ({
      svc: 'social',
      type: scanner.string(SLOT['social.type']),
      actor: scanner.string(SLOT['social.actor']),
      actorId: scanner.string(SLOT['social.actor_id']),
      target: scanner.string(SLOT['social.target']),
      targetId: scanner.string(SLOT['social.target_id']),
      reason: scanner.string(SLOT['social.reason']),
      witness: scanner.string(SLOT['social.witness']),
    }),
  },
  ping: {
    slot: SLOT.ping,
    read: (scanner) => ({
      svc: 'ping',
      observer: scanner.string(SLOT['ping.observer']),
      observerId: scanner.string(SLOT['ping.observer_id']),
      target: scanner.string(SLOT['ping.target']),
      targetId: scanner.string(SLOT['ping.target_id']),
      rtt: Number(scanner.lexeme(SLOT['ping.rtt'])),
    }),
  },
  observation: {
    slot: SLOT.observation,
    read: (scanner) => ({
      svc: 'observation',
      observer: scanner.string(SLOT['observation.observer']),
      observerId: scanner.string(SLOT['observation.observer_id']),
      subject: scanner.string(SLOT['observation.subject']),
      subjectId: scanner.string(SLOT['observation.subject_id']),
      type: scanner.string(SLOT['observation.type']),
      onlineState: scanner.string(SLOT['observation.online_state']),
      startTime: scanner.integer(SLOT['observation.start_time']),
      restartNum: scanner.integer(SLOT['observation.restart_num']),
    }),
  },
  'hey-there': {
    slot: SLOT.hey_there,
    read: (scanner) => ({
      svc: 'hey-there',
      from: scanner.string(SLOT['hey_there.From']),
      publicKey: scanner.string(SLOT['hey_there.PublicKey']),
      meshIp: scanner.string(SLOT['hey_there.MeshIP']),
      id: scanner.string(SLOT['hey_there.ID']),
    }),
  },
  chau: {
    slot: SLOT.chau,
    read: (scanner) => ({
      svc: 'chau',
      from: scanner.string(SLOT['chau.From']),
      publicKey: scanner.string(SLOT['chau.PublicKey']),
      id: scanner.string(SLOT['chau.ID']),
    }),
  },
  seen: {
    slot: SLOT.seen,
    read: (scanner) => ({
      svc: 'seen',
      observer: scanner.string(SLOT['seen.observer']),
      observerId: scanner.string(SLOT['seen.observer_id']),
      subject: scanner.string(SLOT['seen.subject']),
      subjectId: scanner.string(SLOT['seen.subject_id']),
      via: scanner.string(SLOT['seen.via']),
    }),
  },
  checkpoint: {
    slot: SLOT.checkpoint,
    read: (scanner) => ({
      svc: 'checkpoint',
      version: scanner.integer(SLOT['checkpoint.version']),
      subject: scanner.string(SLOT['checkpoint.subject']),
      subjectId: scanner.string(SLOT['checkpoint.subject_id']),
      previousCheckpointId: scanner.string(SLOT['checkpoint.previous_checkpoint_id']),
      restarts: scanner.integer(SLOT['checkpoint.observation.restarts']),
      totalUptime: scanner.integer(SLOT['checkpoint.observation.total_uptime']),
      startTime: scanner.integer(SLOT['checkpoint.observation.start_time']),
      asOfTime: scanner.integer(SLOT['checkpoint.as_of_time']),
      voterIds: scanner.strings(SLOT['checkpoint.voter_ids']),
      signatures: scanner.strings(SLOT['checkpoint.signatures']),
    }),
  },
};
