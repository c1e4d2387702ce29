import type { Payload } from '../event/payload.ts';
import { isObject, parseExactJson } from './exact-json.ts';
import type { WireObject } from './go-json.ts';
import { isService, PAYLOAD_KEYS, viewPayload } from './payload-view.ts';

/** One event of a sandbox ledger: its exact line, and what a server reads from it to serve it. */
export interface SandboxEvent {
  /** The JSON text as it is served, no line end behind it (a hostile one may hold some). */
  readonly line: string;
  readonly id: string;
  readonly tsNs: bigint;
  readonly svc: string;
  /** The names that the `subjects` filter compares; never the emitter. */
  readonly subjects: readonly string[];
  /** Critical events are in every sample, whatever its size. */
  readonly critical: boolean;
}

/** An event's line and the object that it says. */
export interface ParsedLine {
  readonly event: SandboxEvent;
  readonly wire: WireObject;
  /** `{}` when it is missing. */
  readonly payload: WireObject;
}

/** Reads a line that came from elsewhere, a recording for instance. Throws SyntaxError when it is no JSON object. */
export function parseLine(line: string): ParsedLine {
  const wire = parseExactJson(line);
  if (!isObject(wire)) throw new SyntaxError('An event is a JSON object.');
  const { id, ts, svc } = wire;
  const service = typeof svc === 'string' ? svc : '';
  const key = isService(service) ? PAYLOAD_KEYS[service] : service;
  const payload = isObject(wire[key]) ? wire[key] : {};
  const identified = {
    line,
    id: typeof id === 'string' ? id : '',
    tsNs: typeof ts === 'bigint' ? ts : 0n,
    svc: service,
  };
  return { event: { ...identified, ...describe(service, payload) }, wire, payload };
}

/** What filters and samples need to know of an event. */
export function describe(svc: string, payload: WireObject): Pick<SandboxEvent, 'subjects' | 'critical'> {
  if (!isService(svc)) return { subjects: [], critical: false };
  const view = viewPayload(svc, payload);
  const importance = Number(payload['importance'] ?? 0);
  return { subjects: namesIn(view), critical: svc === 'checkpoint' || importance >= CRITICAL_IMPORTANCE };
}

const CRITICAL_IMPORTANCE = 3;

/** The server's side of `subjects`, written a second time on purpose: the walk's own list is held against this one. */
function namesIn(payload: Payload): string[] {
  switch (payload.svc) {
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
