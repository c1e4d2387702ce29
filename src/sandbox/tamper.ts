import { isObject } from './exact-json.ts';
import type { FaultKind } from './faults.ts';
import { encodeGoJson, type WireObject } from './go-json.ts';
import { makeEvent } from './event-maker.ts';
import { makeHostileEvent } from './hostile-events.ts';
import { addMonsters } from './monster-events.ts';
import { PAYLOAD_KEYS, isService } from './payload-view.ts';
import { Prng } from './prng.ts';
import { parseLine, type SandboxEvent } from './sandbox-event.ts';
import { makeIdentity, type SandboxIdentity } from './sandbox-identity.ts';

/** Each fault that alters events does so to one event in so many. */
const PERIOD = 50;

/** Where in each period which lie falls, so that no event suffers two. */
const SLOTS = { forge: 7, foreign: 17, hostile: 27, strip: 37 } as const;

/**
 * The ledger that a lying nara serves: a new list, in the order of the true one. The same seed lies the same way.
 * `forge` alters some content under the old ID, some fields where no ID looks, and adds inventions, in turn;
 * `foreign` re-signs as an emitter that introduces itself with a hey-there; `hostile` and `monster` add; `strip` alone
 * strips all.
 */
export function tamper(
  truth: readonly SandboxEvent[],
  kinds: ReadonlySet<FaultKind>,
  seed: string,
): readonly SandboxEvent[] {
  const lies = (kind: 'forge' | 'foreign' | 'hostile'): boolean => kinds.has(kind) || kinds.has('lie');
  const mallory = makeIdentity('mallory', new Prng(`tamper ${seed}`));
  const grown = kinds.has('monster') ? addMonsters(truth) : truth;
  return grown.flatMap((event, index) => {
    const round = Math.floor(index / PERIOD);
    const slot = index % PERIOD;
    if (lies('forge') && slot === SLOTS.forge) return forge(event, round);
    if (lies('foreign') && slot === SLOTS.foreign) {
      const copy = resign(event, mallory);
      return round === 0 ? [introduce(mallory, event.tsNs), copy] : [copy];
    }
    if (lies('hostile') && slot === SLOTS.hostile) return [event, makeHostileEvent(event, round)];
    const isStripped = kinds.has('strip') || (kinds.has('lie') && slot === SLOTS.strip);
    return [isStripped ? strip(event) : event];
  });
}

function forge(event: SandboxEvent, round: number): SandboxEvent[] {
  switch (round % 3) {
    case 0:
      return [alterContent(event)];
    case 1:
      return [alterBesideContent(event)];
    default: {
      const payload = { observer: 'nobody', subject: event.subjects[0] ?? 'nobody', via: `forged ${round}` };
      return [event, makeEvent({ tsNs: event.tsNs, svc: 'seen', payload })];
    }
  }
}

/** A field that the content string holds, for each service. */
const CONTENT_FIELDS: Readonly<Record<string, string>> = {
  social: 'target',
  ping: 'target',
  observation: 'subject',
  'hey-there': 'PublicKey',
  chau: 'PublicKey',
  seen: 'subject',
  checkpoint: 'subject_id',
};

function alterContent(event: SandboxEvent): SandboxEvent {
  return alterPayload(event, { [CONTENT_FIELDS[event.svc] ?? 'forged']: 'forged' });
}

/** The ID and any signature still fit the result: it differs only where they do not look. */
function alterBesideContent(event: SandboxEvent): SandboxEvent {
  const { payload } = parseLine(event.line);
  if ('ID' in payload) return alterPayload(event, { ID: 'forged' });
  if (!Array.isArray(payload['signatures']))
    return alterPayload(event, { actor_id: 'forged', observer_id: 'forged' });
  const [first, ...rest] = payload['signatures'] as string[];
  return alterPayload(event, { signatures: [...rest, first ?? ''] }); // each voter's, but now another's
}

/** Changes these fields where the payload has them; emitter, ID and signature stay. */
function alterPayload(event: SandboxEvent, changes: WireObject): SandboxEvent {
  const { wire } = parseLine(event.line);
  const key = isService(event.svc) ? PAYLOAD_KEYS[event.svc] : event.svc;
  const payload = isObject(wire[key]) ? wire[key] : {};
  const known = Object.entries(changes).filter(([field]) => field in payload);
  return { ...event, line: encodeGoJson({ ...wire, [key]: { ...payload, ...Object.fromEntries(known) } }) };
}

function resign(event: SandboxEvent, emitter: SandboxIdentity): SandboxEvent {
  const { payload } = parseLine(event.line);
  return makeEvent({ tsNs: event.tsNs, svc: event.svc, payload, signer: emitter, withEmitterId: true });
}

function introduce(who: SandboxIdentity, tsNs: bigint): SandboxEvent {
  const payload = { From: who.name, PublicKey: who.publicKey, MeshIP: '', ID: who.naraId, Signature: '' };
  return makeEvent({ tsNs, svc: 'hey-there', payload, signer: who });
}

/** Cut from the text, so that all other bytes stay. No payload matches: its quotes are escaped, its keys others. */
function strip(event: SandboxEvent): SandboxEvent {
  return { ...event, line: event.line.replaceAll(/,"(?:emitter|emitter_id|sig)":"(?:[^"\\]|\\.)*"/g, '') };
}
