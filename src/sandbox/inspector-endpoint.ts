import type { Answer } from './answer.ts';
import { encodeGoJson } from './go-json.ts';
import { isSigned, type HeldEvent } from './held-event.ts';
import { bareJson } from './import-endpoint.ts';
import { isInt64 } from './sync-request.ts';

const DEFAULT_LIMIT = 100;
const MOST = 1000;

/**
 * The answer to `GET /api/inspector/events`: `{"events":[{id,timestamp,service,emitter,emitter_id,signed}],"has_more",
 * "total"}`, newest first. Real ones also say how a web page shows each event.
 * Source: specification, "Exact counts".
 */
export function answerInspector(query: URLSearchParams, events: Iterable<HeldEvent>): Answer {
  const service = query.get('service') ?? '';
  const subject = query.get('subject') ?? '';
  const after = readTime(query.get('after'));
  const before = readTime(query.get('before'));
  const matching = [...events]
    .filter(
      ({ event, emitter }) =>
        (service === '' || event.svc === service) &&
        (subject === '' || [emitter, ...event.subjects].includes(subject)) &&
        (after <= 0n || event.tsNs >= after) &&
        (before <= 0n || event.tsNs <= before),
    )
    .sort((a, b) => (a.event.tsNs > b.event.tsNs ? -1 : a.event.tsNs < b.event.tsNs ? 1 : 0));
  const offset = readCount(query.get('offset'), Infinity) ?? 0;
  const end = offset + (readCount(query.get('limit'), MOST) ?? DEFAULT_LIMIT);
  const list = matching.slice(offset, end).map((held) => ({
    id: held.event.id,
    timestamp: held.event.tsNs,
    service: held.event.svc,
    emitter: held.emitter,
    emitter_id: held.emitterId,
    signed: isSigned(held),
  }));
  const body = { events: list, has_more: end < matching.length, total: matching.length };
  return bareJson(200, `${encodeGoJson(body)}\n`);
}

/** Unix nanoseconds; anything that is no int64 is as good as 0, which is none. */
function readTime(text: string | null): bigint {
  const time = text !== null && /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace('+', '')) : 0n;
  return isInt64(time) ? time : 0n;
}

function readCount(text: string | null, most: number): number | undefined {
  const count = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= most ? count : undefined;
}
