import { hash } from 'node:crypto';
import { contentString, hasChain } from './content.ts';
import { computeEventId } from './id.ts';
import { hasPayload, isService, readPayload } from './payload-reader.ts';
import type { Service } from './payload.ts';
import { formatRtt } from './rtt.ts';
import { SLOT } from './schema.ts';
import type { EventSlots } from './slots.ts';

/** Longer events take the way over strings. */
const MAX_BYTES = 4 * 1024;
/** What is hashed, again for each event. A byte that is no UTF-8 becomes three, an `rtt` of a few bytes becomes 310. */
const input = Buffer.alloc(3 * MAX_BYTES + 1024);
/** Its beginnings, by length: making one takes as long as a third of the hash. */
const beginnings: Buffer[] = [];
const COLON = 0x3a;

/**
 * The ID that an event's content deserves: what `computeEventId` makes of its `contentString`. The content goes from the
 * event's bytes to the hash without a string for each field.
 */
export function contentId(slots: EventSlots, svc: string, eventBytes: number): string {
  const isKnown = isService(svc) && hasPayload(slots, svc);
  if (isKnown && eventBytes <= MAX_BYTES) {
    const length = putParts(CONTENT[svc](slots), slots, putParts(HEAD, slots, 0));
    const begun = (beginnings[length] ??= input.subarray(0, length - 1));
    return hash('sha256', begun, 'hex').slice(0, 32);
  }
  const payload = isKnown ? readPayload(slots, svc) : undefined;
  return computeEventId(slots.integer(SLOT.ts), svc, payload === undefined ? '' : contentString(payload));
}

/** Puts parts into the input, a colon behind each, and returns where they end. */
function putParts(parts: readonly Part[], slots: EventSlots, to: number): number {
  for (const part of parts) {
    if (typeof part === 'string') to = putText(part, to);
    else if (slots.has(part.slot)) to = slots.copy(part.slot, input, to);
    else to = putText(part.absent, to);
    input[to++] = COLON;
  }
  return to;
}

/** The text is ASCII. */
function putText(text: string, to: number): number {
  for (let at = 0; at < text.length; at++) input[to++] = text.charCodeAt(at);
  return to;
}

/** A text, or a field and what stands for it where it is absent. */
type Part = string | { readonly slot: number; readonly absent: '' | '0' };

const texts = (...slots: readonly number[]): Part[] => slots.map((slot) => ({ slot, absent: '' }));
const integers = (...slots: readonly number[]): Part[] => slots.map((slot) => ({ slot, absent: '0' }));

const HEAD = [...integers(SLOT.ts), ...texts(SLOT.svc)];
const SOCIAL = texts(
  SLOT['social.type'],
  SLOT['social.actor'],
  SLOT['social.target'],
  SLOT['social.reason'],
  SLOT['social.witness'],
);
const PING = texts(SLOT['ping.observer'], SLOT['ping.target']);
const RESTART = [
  ...texts(SLOT['observation.subject'], SLOT['observation.type']),
  ...integers(SLOT['observation.restart_num'], SLOT['observation.start_time']),
];
const OBSERVATION = [
  ...texts(
    SLOT['observation.observer'],
    SLOT['observation.subject'],
    SLOT['observation.type'],
    SLOT['observation.online_state'],
  ),
  ...integers(SLOT['observation.start_time'], SLOT['observation.restart_num']),
];
const HEY_THERE = [
  'hey_there',
  ...texts(SLOT['hey_there.From'], SLOT['hey_there.PublicKey'], SLOT['hey_there.MeshIP']),
];
const CHAU = ['chau', ...texts(SLOT['chau.From'], SLOT['chau.PublicKey'])];
const SEEN = ['seen', ...texts(SLOT['seen.observer'], SLOT['seen.subject'], SLOT['seen.via'])];
const CLAIM = integers(
  SLOT['checkpoint.as_of_time'],
  SLOT['checkpoint.observation.start_time'],
  SLOT['checkpoint.observation.restarts'],
  SLOT['checkpoint.observation.total_uptime'],
);
const BY_ID = [...texts(SLOT['checkpoint.subject_id']), ...CLAIM];
const BY_NAME = [...texts(SLOT['checkpoint.subject']), ...CLAIM];
const PREVIOUS = texts(SLOT['checkpoint.previous_checkpoint_id']);

/** The table of `contentString` once more, by slots. */
const CONTENT: Readonly<Record<Service, (slots: EventSlots) => readonly Part[]>> = {
  social: () => SOCIAL,
  ping: (slots) => [...PING, formatRtt(Number(slots.lexeme(SLOT['ping.rtt'])))],
  observation: (slots) => (slots.is(SLOT['observation.type'], 'restart') ? RESTART : OBSERVATION),
  'hey-there': () => HEY_THERE,
  chau: () => CHAU,
  seen: () => SEEN,
  checkpoint: (slots) => {
    const subject = slots.byteLength(SLOT['checkpoint.subject_id']) > 0 ? BY_ID : BY_NAME;
    return hasChain({ version: slots.integer(SLOT['checkpoint.version']) })
      ? ['checkpoint:v2', ...subject, ...PREVIOUS]
      : ['checkpoint', ...subject];
  },
};
