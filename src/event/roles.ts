import type { EventView } from './event-view.ts';
import type { Payload } from './payload.ts';

/** The names by which a server finds an event: actor and target, never the emitter or a witness. */
export function subjectsOf({ payload }: Pick<EventView, 'payload'>): readonly string[] {
  switch (payload?.svc) {
    case undefined:
      return [];
    case 'social':
      return [payload.actor, payload.target];
    case 'ping':
      return [payload.observer, payload.target];
    case 'observation':
    case 'seen':
      return [payload.observer, payload.subject];
    case 'hey-there':
    case 'chau':
      return [payload.from];
    case 'checkpoint':
      return [payload.subject];
  }
}

/** Every name and nara ID that plays a part in the event: emitter, actor, target, witness, observer, subject, From, voter. */
export function partiesOf(event: EventView): string[] {
  const { emitter, emitterId, payload } = event;
  const others = payload === undefined ? [] : othersOf(payload);
  return [emitter, emitterId, ...subjectsOf(event), ...others].filter((party) => party !== '');
}

/** Witness and IDs. */
function othersOf(payload: Payload): readonly string[] {
  switch (payload.svc) {
    case 'social':
      return [payload.actorId, payload.targetId, payload.witness];
    case 'ping':
      return [payload.observerId, payload.targetId];
    case 'observation':
    case 'seen':
      return [payload.observerId, payload.subjectId];
    case 'hey-there':
    case 'chau':
      return [payload.id];
    case 'checkpoint':
      return [payload.subjectId, ...payload.voterIds];
  }
}
