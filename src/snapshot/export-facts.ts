import { MeshBackupError } from '../errors.ts';
import { Deadline } from '../mesh/deadline.ts';
import type { PeerHttp } from '../mesh/http.ts';
import { countContradictions, type ContradictionCounts } from './contradiction-counts.ts';
import { parseFactPage, type Fact, type FactPage } from './fact-answer.ts';
import { followPages, type PageBounds } from './follow-pages.ts';
import { NodeClient } from './node-client.ts';

export const SCOPES = ['local', 'team', 'company', 'public'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ExportFactsOptions {
  readonly http: PeerHttp;
  readonly url: URL;
  readonly apiKey: string | undefined;
  readonly scope: Scope;
  /** In the order of the export. */
  readonly entities: readonly string[];
  readonly includeContradicted: boolean;
  readonly includeExpired: boolean;
  /** Count the contradictions of the node as well. */
  readonly contradictions: boolean;
  /** Facts a page. */
  readonly limit: number;
  /** Of facts, and of contradictions. */
  readonly maxFacts: number;
  readonly requestTimeoutMs: number;
  /** For all requests together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly bounds?: Partial<ExportBounds>;
}

/** Against a node that never ends: far beyond what a real one gives. */
export interface ExportBounds {
  readonly maxPages: number;
  readonly maxAnswerBytes: number;
  readonly maxTotalBytes: number;
  readonly firstRetryMs: number;
}

const BOUNDS: ExportBounds = {
  maxPages: 10_000,
  maxAnswerBytes: 64 * 1024 * 1024,
  maxTotalBytes: 512 * 1024 * 1024,
  firstRetryMs: 500,
};

export interface EntityFacts {
  readonly entity: string;
  /** By relation, time and ID: the same however they were paged. */
  readonly facts: readonly Fact[];
  /** What the node says that there are, where that is not what came. */
  readonly otherTotal: string | undefined;
  /** Its pages may have left facts out. */
  readonly isDoubtful: boolean;
}

export interface FactExport {
  readonly entities: readonly EntityFacts[];
  /** `undefined`: they were not asked for. */
  readonly contradictions: ContradictionCounts | undefined;
}

/**
 * Fetches the facts of entities from a Stigmem node, and counts its contradictions, for a readable export. All of it or
 * nothing. Throws the signal's reason and what the client throws: `NODE_REFUSED`, `NODE_ANSWER`, `TARGET_BUSY`,
 * `TARGET_CUT`, `PLAIN_HTTP`, `PROXY_REFUSED`, `PEER_UNREACHABLE`, `PEER_TLS`, `PEER_SILENT`.
 * Source: specification of the snapshot, "readable export".
 */
export async function exportFacts(options: ExportFactsOptions): Promise<FactExport> {
  const { timeoutMs } = options;
  const bounds = { ...BOUNDS, ...options.bounds, maxItems: options.maxFacts };
  const deadline = new Deadline(options.signal, timeoutMs, () => {
    const message = `The node was not done within ${timeoutMs / 1000} s.`;
    return new MeshBackupError('PEER_SILENT', message, { hint: 'Allow it more time: --timeout.' });
  });
  try {
    const client = new NodeClient({ ...options, ...bounds, signal: deadline.signal });
    try {
      const entities: EntityFacts[] = [];
      let left = options.maxFacts;
      for (const entity of options.entities) {
        const found = await fetchEntity(client, entity, options, { ...bounds, maxItems: left });
        entities.push(found);
        left -= found.facts.length;
      }
      const contradictions = options.contradictions ? await countContradictions(client, bounds) : undefined;
      return { entities, contradictions };
    } finally {
      await client.close();
    }
  } finally {
    deadline.end();
  }
}

async function fetchEntity(
  client: NodeClient,
  entity: string,
  { scope, limit, includeContradicted, includeExpired }: ExportFactsOptions,
  bounds: PageBounds,
): Promise<EntityFacts> {
  const query = new URLSearchParams({
    entity,
    scope,
    limit: `${limit}`,
    include_contradicted: `${includeContradicted}`,
    include_expired: `${includeExpired}`,
  });
  const { items, pages, isDoubtful } = await followPages<Fact, FactPage>(async (cursor) => {
    if (cursor !== undefined) query.set('cursor', cursor);
    return client.get(`/v1/facts?${query.toString()}`, parseFactPage);
  }, bounds);
  return {
    entity,
    facts: items.toSorted(byRelation),
    otherTotal: otherTotal(pages, items.length),
    isDoubtful,
  };
}

/** By code units: a locale's order is another one on another machine. */
function byRelation(a: Fact, b: Fact): number {
  return compare(a.relation, b.relation) || compare(a.timestamp, b.timestamp) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Real nodes tell with each page how many facts are on it, others may tell how many there are: either is right. */
function otherTotal(pages: readonly FactPage[], count: number): string | undefined {
  const told = pages.filter(({ total }) => total !== undefined);
  if (told.every(({ total, items }) => total === `${items.length}`)) return undefined;
  return told.find(({ total }) => total !== `${count}`)?.total;
}
