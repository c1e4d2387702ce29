import { json, plainText, type Answer } from './answer.ts';
import { findFault, type Fault } from './faults.ts';
import { encodeGoJson } from './go-json.ts';
import type { SandboxEvent } from './sandbox-event.ts';

const DEFAULT_LIMIT = 1000;
const MOST = 10_000;

/**
 * The answer to `GET /api/checkpoints/all`, number `number` of its kind.
 * Source: specification, "Checkpoints for everybody".
 */
export function answerCheckpoints(
  { method, query }: { method: string; query: URLSearchParams },
  context: {
    readonly name: string;
    readonly events: readonly SandboxEvent[];
    readonly faults: readonly Fault[];
    readonly number: number;
  },
): Answer {
  const { name, faults, number } = context;
  if (findFault(faults, 'no-checkpoints')) return plainText(404, '404 page not found');
  if (method !== 'GET') return plainText(405, 'Method not allowed');
  const all = context.events.filter(({ svc }) => svc === 'checkpoint');
  const shift = findFault(faults, 'shift');
  // The first one comes and goes, so that each page begins where the one before did not end.
  const list = shift !== undefined && number % 2 === 0 ? all.slice(1) : all;
  const asked = wholeNumber(query.get('limit')) ?? 0;
  const limit = Math.min(asked > 0 ? asked : DEFAULT_LIMIT, shift?.amount ?? MOST);
  const offset = wholeNumber(query.get('offset')) ?? 0;
  const page = list.slice(offset, offset + limit).map(({ line }) => line);
  const body = [
    `"checkpoints":${page.length === 0 ? 'null' : `[${page.join(',')}]`}`,
    `"count":${page.length}`,
    `"has_more":${offset + page.length < list.length}`,
    `"limit":${limit}`,
    `"offset":${offset}`,
    `"server":${encodeGoJson(name)}`,
    `"total":${list.length}`,
  ];
  return { ...json(`{${body.join(',')}}\n`), gives: page };
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
