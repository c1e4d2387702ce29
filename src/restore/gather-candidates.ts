import type { KeyRing } from '../event/keyring.ts';
import { proveEvent } from '../event/proof.ts';
import { emptyTally, merge } from '../merge/merge.ts';
import type { Run } from '../merge/run.ts';
import type { RunPool } from '../merge/run-pool.ts';
import type { Candidates } from './candidates.ts';
import { screenEvent, type ScreeningRules } from './screening.ts';
import { countStay, type StayCounts } from './stay-reason.ts';

export interface GatherOptions {
  readonly pool: RunPool;
  readonly keys: KeyRing;
  readonly rules: ScreeningRules;
  readonly candidates: Candidates;
  /** IDs that misfits claim: none of them goes where a fitting event bears the ID, or another misfit before it. */
  readonly claimedIds: ReadonlySet<string>;
  /** Called again and again; it may throw. */
  readonly onProgress: () => void;
}

export interface Gathered {
  /** Copies of one event, all but one of each. */
  readonly duplicates: number;
  readonly stay: StayCounts;
}

/** Merges the runs, and puts each event that may be sent among the candidates. Throws as `merge` and `Candidates.add` do. */
export async function gatherCandidates(runs: readonly Run[], options: GatherOptions): Promise<Gathered> {
  const { pool, keys, rules, candidates, claimedIds, onProgress } = options;
  const taken = claimedIds.size === 0 ? new Set<string>() : await takenIds(runs, options);
  const tally = emptyTally();
  const stay: StayCounts = {};
  for await (const events of merge(runs, { pool, keys, tally })) {
    onProgress();
    for (const event of events) {
      const reason = screenEvent(event, rules);
      if (reason !== undefined) countStay(stay, reason);
      else if (claimedIds.has(event.id) && proveEvent(event).class === 'misfit' && taken.has(event.id)) {
        countStay(stay, 'id-taken');
      } else {
        if (claimedIds.has(event.id)) taken.add(event.id);
        candidates.add(event);
      }
    }
  }
  candidates.flush();
  return { duplicates: tally.duplicate, stay };
}

/** Of the claimed IDs those that belong to an event which fits: it comes first, wherever it stands. */
async function takenIds(
  runs: readonly Run[],
  { pool, keys, claimedIds }: GatherOptions,
): Promise<Set<string>> {
  const taken = new Set<string>();
  for await (const events of merge(runs, { pool, keys, tally: emptyTally() })) {
    for (const event of events) {
      if (claimedIds.has(event.id) && proveEvent(event).class === 'id') taken.add(event.id);
    }
  }
  return taken;
}
