import type { EventView } from './event-view.ts';

/** Every name and nara ID that plays a part in the event: emitter, actor, target, witness, observer, subject, From, voter. */
export function partiesOf(event: EventView): string[] {
  return [event.emitter, event.emitterId, ...payloadParties(event)].filter((party) => party !== '');
}

function payloadParties({ payload }: EventView): readonly string[] {
  switch (payload?.svc) {
    case undefined:
      return [];
    case 'social':
      return [payload.actor, payload.actorId, payload.target, payload.targetId, payload.witness];
    case 'ping':
      return [payload.observer, payload.observerId, payload.target, payload.targetId];
    case 'observation':
    case 'seen':
      return [payload.observer, payload.observerId, payload.subject, payload.subjectId];
    case 'hey-there':
    case 'chau':
      return [payload.from, payload.id];
    case 'checkpoint':
      return [payload.subject, payload.subjectId, ...payload.voterIds];
  }
}
