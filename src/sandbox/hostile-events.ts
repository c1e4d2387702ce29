import { isService, PAYLOAD_KEYS } from './payload-view.ts';
import type { SandboxEvent } from './sandbox-event.ts';

/** Makes a hostile line from a true event's line and its payload key. */
type Spoiler = (line: string, payloadKey: string) => string;

const FRESH_ID = '00000000000000000000000000000bad';

/**
 * Every kind of event on which readers disagree or a server chokes.
 * Source: specification, "Traps in the content strings".
 */
const SPOILERS: Readonly<Record<string, Spoiler>> = {
  'id given twice': (line) => line.replace(/^\{/, `{"id":"${FRESH_ID}",`),
  'id in another case': (line) => line.replace(/^\{/, `{"ID":"${FRESH_ID}",`),
  'svc with a long s': (line) => line.replace(/^\{/, '{"ſvc":"seen",'),
  'short id': (line) => line.replace(/"id":"[^"]*"/, '"id":"bad"'),
  'no id': (line) => line.replace(/"id":"[^"]*",/, ''),
  'id null': (line) => line.replace(/"id":"[^"]*"/, '"id":null'),
  'payload missing': (line, key) => line.replace(new RegExp(`,"${key}":\\{.*\\}\\}$`), '}'),
  'payload null': (line, key) => line.replace(new RegExp(`,"${key}":\\{.*\\}\\}$`), `,"${key}":null}`),
  'payload twice': (line, key) => line.replace(/\}$/, `,"${key}":{}}`),
  'payload no object': (line, key) => line.replace(new RegExp(`,"${key}":\\{.*\\}\\}$`), `,"${key}":"text"}`),
  'ts as text': (line) => line.replace(/"ts":(-?\d+)/, '"ts":"$1"'),
  'ts beyond int64': (line) => line.replace(/"ts":-?\d+/, '"ts":9223372036854775808'),
  'line break inside': (line) => line.replace(/,/, ',\n'),
  'lone surrogate': (line) => line.replace(/"(actor|observer|From|subject)":"/, '"$1":"\\ud800'),
};

/** The names of the kinds, in the order in which `makeHostileEvent` takes them. */
export const HOSTILE_KINDS: readonly string[] = Object.keys(SPOILERS);

/** A hostile relative of a true event, served beside it; kind `index` of the list, which goes round. */
export function makeHostileEvent(truth: SandboxEvent, index: number): SandboxEvent {
  const kind = HOSTILE_KINDS[index % HOSTILE_KINDS.length]!;
  const key = isService(truth.svc) ? PAYLOAD_KEYS[truth.svc] : truth.svc;
  const line = SPOILERS[kind]!(truth.line, key);
  // Of several IDs a server reads the last.
  return { ...truth, line, id: [...line.matchAll(/"id":"([^"]*)"/g)].at(-1)?.[1] ?? '' };
}
