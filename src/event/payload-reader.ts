import type { Payload, Service } from './payload.ts';
import { SLOT } from './schema.ts';
import type { EventSlots } from './slots.ts';

/** Whether a service is one of the seven whose content is known. Go compares exactly: `SEEN` is no `seen`. */
export function isService(svc: string): svc is Service {
  return Object.hasOwn(READERS, svc);
}

/** The service that the event names; known ones without making a string. */
export function readService(slots: EventSlots): string {
  return SERVICES.find((svc) => slots.is(SLOT.svc, svc)) ?? slots.string(SLOT.svc);
}

/** The payload that a known service names, `undefined` where it is missing or null. */
export function readPayload(slots: EventSlots, svc: Service): Payload | undefined {
  return hasPayload(slots, svc) ? READERS[svc].read(slots) : undefined;
}

/** Whether the payload is there that a known service names. */
export function hasPayload(slots: EventSlots, svc: Service): boolean {
  return slots.has(READERS[svc].slot);
}

const READERS: Record<Service, { slot: number; read: (slots: EventSlots) => Payload }> = {
  social: {
    slot: SLOT.social,
    read: (slots) => ({
      svc: 'social',
      type: slots.string(SLOT['social.type']),
      actor: slots.string(SLOT['social.actor']),
      actorId: slots.string(SLOT['social.actor_id']),
      target: slots.string(SLOT['social.target']),
      targetId: slots.string(SLOT['social.target_id']),
      reason: slots.string(SLOT['social.reason']),
      witness: slots.string(SLOT['social.witness']),
    }),
  },
  ping: {
    slot: SLOT.ping,
    read: (slots) => ({
      svc: 'ping',
      observer: slots.string(SLOT['ping.observer']),
      observerId: slots.string(SLOT['ping.observer_id']),
      target: slots.string(SLOT['ping.target']),
      targetId: slots.string(SLOT['ping.target_id']),
      rtt: Number(slots.lexeme(SLOT['ping.rtt'])),
    }),
  },
  observation: {
    slot: SLOT.observation,
    read: (slots) => ({
      svc: 'observation',
      observer: slots.string(SLOT['observation.observer']),
      observerId: slots.string(SLOT['observation.observer_id']),
      subject: slots.string(SLOT['observation.subject']),
      subjectId: slots.string(SLOT['observation.subject_id']),
      type: slots.string(SLOT['observation.type']),
      importance: slots.integer(SLOT['observation.importance']),
      onlineState: slots.string(SLOT['observation.online_state']),
      startTime: slots.integer(SLOT['observation.start_time']),
      restartNum: slots.integer(SLOT['observation.restart_num']),
    }),
  },
  'hey-there': {
    slot: SLOT.hey_there,
    read: (slots) => ({
      svc: 'hey-there',
      from: slots.string(SLOT['hey_there.From']),
      publicKey: slots.string(SLOT['hey_there.PublicKey']),
      meshIp: slots.string(SLOT['hey_there.MeshIP']),
      id: slots.string(SLOT['hey_there.ID']),
    }),
  },
  chau: {
    slot: SLOT.chau,
    read: (slots) => ({
      svc: 'chau',
      from: slots.string(SLOT['chau.From']),
      publicKey: slots.string(SLOT['chau.PublicKey']),
      id: slots.string(SLOT['chau.ID']),
    }),
  },
  seen: {
    slot: SLOT.seen,
    read: (slots) => ({
      svc: 'seen',
      observer: slots.string(SLOT['seen.observer']),
      observerId: slots.string(SLOT['seen.observer_id']),
      subject: slots.string(SLOT['seen.subject']),
      subjectId: slots.string(SLOT['seen.subject_id']),
      via: slots.string(SLOT['seen.via']),
    }),
  },
  checkpoint: {
    slot: SLOT.checkpoint,
    read: (slots) => ({
      svc: 'checkpoint',
      version: slots.integer(SLOT['checkpoint.version']),
      subject: slots.string(SLOT['checkpoint.subject']),
      subjectId: slots.string(SLOT['checkpoint.subject_id']),
      previousCheckpointId: slots.string(SLOT['checkpoint.previous_checkpoint_id']),
      restarts: slots.integer(SLOT['checkpoint.observation.restarts']),
      totalUptime: slots.integer(SLOT['checkpoint.observation.total_uptime']),
      startTime: slots.integer(SLOT['checkpoint.observation.start_time']),
      asOfTime: slots.integer(SLOT['checkpoint.as_of_time']),
      voterIds: slots.strings(SLOT['checkpoint.voter_ids']),
      signatures: slots.strings(SLOT['checkpoint.signatures']),
    }),
  },
};

const SERVICES = Object.keys(READERS);
