import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A fact as a node tells of it: what a test does not name is something harmless. */
export interface ServedFact {
  readonly id?: string;
  readonly entity?: string;
  readonly relation?: string;
  readonly source?: string;
  readonly scope?: string;
  readonly timestamp?: string;
  readonly valid_until?: string | null;
  readonly contradicted?: boolean;
  /** JSON text, as are all that may be numbers. */
  readonly value?: string;
  readonly confidence?: string;
}

export interface ServedConflict {
  readonly conflict_id: string;
  readonly status: 'unresolved' | 'resolved';
  readonly scope?: string;
}

type Handler = (url: URL, response: ServerResponse, request: IncomingMessage) => boolean;

export interface FactServerOptions {
  readonly facts?: readonly ServedFact[];
  readonly conflicts?: readonly ServedConflict[];
  /** Only who shows it is let in. */
  readonly apiKey?: string;
  /** `keyset`: pages by place. `published`: newest first, cursor is "IDs above", as the real node does it. */
  readonly paging?: 'keyset' | 'published';
  /** What is said as `total`, as JSON; the count of the page where not given. */
  readonly total?: (pageCount: number) => string;
  /** Answers in its own way, and says so by true. */
  readonly fault?: Handler;
}

export interface FactServer {
  readonly url: URL;
  /** Path and query of each request. */
  readonly asked: readonly string[];
  readonly keys: readonly (string | undefined)[];
}

/** A stand-in for the API of a Stigmem node, over real HTTP on loopback, until the test is over. */
export async function startFactServer(options: FactServerOptions = {}): Promise<FactServer> {
  const asked: string[] = [];
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://node');
    asked.push(request.url ?? '');
    keys.push(request.headers.authorization);
    if (options.fault?.(url, response, request) === true) return;
    response.setHeader('content-type', 'application/json');
    const { apiKey } = options;
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) {
      fail(response, 401, 'invalid key');
    } else if (url.pathname === '/v1/facts') answerFacts(url.searchParams, response, options);
    else if (url.pathname === '/v1/conflicts') answerConflicts(url.searchParams, response, options);
    else fail(response, 404, 'Not Found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), asked, keys };
}

function fail(response: ServerResponse, status: number, detail: string): void {
  response.statusCode = status;
  response.end(JSON.stringify({ detail }));
}

function answerFacts(
  query: URLSearchParams,
  response: ServerResponse,
  { facts = [], paging = 'keyset', total = String }: FactServerOptions,
): void {
  const limit = Number(query.get('limit'));
  if (!['local', 'team', 'company', 'public'].includes(query.get('scope') ?? '')) {
    fail(response, 400, 'scope must be one of …');
    return;
  }
  if (!(limit >= 1 && limit <= 500)) {
    fail(response, 422, 'Input should be less than or equal to 500');
    return;
  }
  const wanted = facts.filter(
    (fact) =>
      (fact.entity ?? 'team:ops') === query.get('entity') &&
      (fact.contradicted !== true || query.get('include_contradicted') === 'true') &&
      (fact.valid_until === undefined || query.get('include_expired') === 'true'),
  );
  const page = pageOf(wanted, query, limit, paging);
  const texts = page.items.map((fact, at) => factJson(fact, query, at));
  response.end(
    `{"facts":[${texts.join(',')}],"total":${total(texts.length)},"cursor":${JSON.stringify(page.cursor)}}`,
  );
}

interface Page {
  readonly items: readonly ServedFact[];
  readonly cursor: string | null;
}

function pageOf(
  facts: readonly ServedFact[],
  query: URLSearchParams,
  limit: number,
  paging: 'keyset' | 'published',
): Page {
  const cursor = query.get('cursor');
  if (paging === 'published') {
    const rows = facts
      .filter(({ id = '' }) => cursor === null || id > cursor)
      .toSorted((a, b) => ((a.timestamp ?? '') < (b.timestamp ?? '') ? 1 : -1));
    const items = rows.slice(0, limit);
    return { items, cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }
  const start = cursor === null ? 0 : Number(cursor.slice('after-'.length));
  const end = start + limit;
  return { items: facts.slice(start, end), cursor: end < facts.length ? `after-${end}` : null };
}

function factJson(fact: ServedFact, query: URLSearchParams, at: number): string {
  const {
    id = `fact-${query.get('cursor') ?? ''}-${at}`,
    entity = 'team:ops',
    relation = 'status',
    source = 'agent:bot-1',
    scope = query.get('scope'),
    timestamp = '2026-08-01T00:00:00+00:00',
    value = '{"type":"string","v":"fine"}',
    confidence = '1.0',
    valid_until = null,
    contradicted = false,
  } = fact;
  const words = { id, entity, relation, source, scope, timestamp, valid_until, contradicted };
  return `${JSON.stringify(words).slice(0, -1)},"value":${value},"confidence":${confidence}}`;
}

function answerConflicts(
  query: URLSearchParams,
  response: ServerResponse,
  { conflicts = [] }: FactServerOptions,
): void {
  const limit = Number(query.get('limit'));
  const start = Number(query.get('cursor') ?? 0);
  const wanted = conflicts.filter(({ status }) => status === query.get('status'));
  const page = wanted.slice(start, start + limit).map(({ scope, ...conflict }) => ({
    ...conflict,
    fact_a: scope === undefined ? null : { scope },
    fact_b: null,
  }));
  const hasMore = start + limit < wanted.length;
  response.end(
    JSON.stringify({ conflicts: page, cursor: hasMore ? `${start + limit}` : null, has_more: hasMore }),
  );
}
