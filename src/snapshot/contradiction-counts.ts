import { parseConflictPage, type Conflict, type ConflictPage } from './conflict-answer.ts';
import { followPages, type PageBounds } from './follow-pages.ts';
import type { NodeClient } from './node-client.ts';

export interface ContradictionCounts {
  /** By scope, in the order of code units; `undefined` is that of facts which the node does not hold any more, and comes last. */
  readonly scopes: readonly ScopeCounts[];
  /** There may be more. */
  readonly isDoubtful: boolean;
}

export interface ScopeCounts {
  readonly scope: string | undefined;
  readonly unresolved: number;
  readonly resolved: number;
}

/** The largest page of a node. */
const PAGE = 500;

/** Counts the contradictions of a whole node, of all scopes. Throws as the client does. */
export async function countContradictions(
  client: NodeClient,
  bounds: PageBounds,
): Promise<ContradictionCounts> {
  const unresolved = await fetchConflicts(client, 'unresolved', bounds);
  const resolved = await fetchConflicts(client, 'resolved', bounds);
  // What was resolved between the two questions is in both answers.
  const resolvedIds = new Set(resolved.items.map(({ id }) => id));
  const counts = new Map<string | undefined, { unresolved: number; resolved: number }>();
  const add = ({ scope }: Conflict, status: 'unresolved' | 'resolved'): void => {
    const row = counts.get(scope) ?? { unresolved: 0, resolved: 0 };
    row[status]++;
    counts.set(scope, row);
  };
  for (const conflict of unresolved.items) if (!resolvedIds.has(conflict.id)) add(conflict, 'unresolved');
  for (const conflict of resolved.items) add(conflict, 'resolved');
  return {
    scopes: [...counts].sort(([a], [b]) => compareScopes(a, b)).map(([scope, row]) => ({ scope, ...row })),
    isDoubtful: unresolved.isDoubtful || resolved.isDoubtful,
  };
}

async function fetchConflicts(
  client: NodeClient,
  status: string,
  bounds: PageBounds,
): Promise<{ readonly items: readonly Conflict[]; readonly isDoubtful: boolean }> {
  const query = new URLSearchParams({ status, limit: `${PAGE}` });
  const { items, pages, isDoubtful } = await followPages<Conflict, ConflictPage>(async (cursor) => {
    if (cursor !== undefined) query.set('cursor', cursor);
    return client.get(`/v1/conflicts?${query.toString()}`, parseConflictPage);
  }, bounds);
  return { items, isDoubtful: isDoubtful || pages.some(({ isCutOff }) => isCutOff) };
}

function compareScopes(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a < b ? -1 : a > b ? 1 : 0;
}
