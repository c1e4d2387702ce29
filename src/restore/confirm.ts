import { readLine } from '../event/event-view.ts';
import { subjectsOf } from '../event/roles.ts';
import { MOST_OBSERVATIONS, MOST_PINGS } from './allotment.ts';
import type { Candidate, Candidates } from './candidates.ts';
import { EVENT_KINDS } from './event-kind.ts';
import type { HeldLedger } from './held-ledger.ts';
import type { NaraFacts } from '../mesh/nara-facts.ts';

/** Why an event that was sent is not there, as far as that can be told, for people. */
export const MISSING_REASONS = {
  'ping-limit': 'its target has 5 pings already',
  'observation-limit': 'its pair has 20 observations already',
  'clean-up': 'it names a nara that is not online, and the target cleans up after such',
  capacity: 'the ledger is full',
  unknown: 'no reason can be told: a nara deletes much in its first minutes',
} as const;

export type MissingReason = keyof typeof MISSING_REASONS;

export interface Confirmation {
  there: number;
  readonly missing: Map<MissingReason, number>;
  readonly examples: { readonly id: string; readonly reason: MissingReason }[];
}

const MAX_EXAMPLES = 100;

/** Holds what was sent against what the target holds now. */
export function confirmEvents(
  sent: Iterable<Candidate>,
  { groups }: Pick<Candidates, 'groups'>,
  held: HeldLedger,
  facts: Pick<NaraFacts, 'capacity' | 'offline'> | undefined,
): Confirmation {
  const confirmation: Confirmation = { there: 0, missing: new Map(), examples: [] };
  const isFull = held.size >= (facts?.capacity ?? Infinity);
  for (const candidate of sent) {
    if (held.has(candidate.id)) {
      confirmation.there++;
      continue;
    }
    const reason =
      limitOf(candidate, groups[candidate.group]?.key, held) ??
      (isOffline(candidate, facts?.offline) ? 'clean-up' : isFull ? 'capacity' : 'unknown');
    confirmation.missing.set(reason, (confirmation.missing.get(reason) ?? 0) + 1);
    if (confirmation.examples.length < MAX_EXAMPLES) confirmation.examples.push({ id: candidate.id, reason });
  }
  return confirmation;
}

function limitOf(
  { kind }: Candidate,
  group: string | undefined,
  held: HeldLedger,
): MissingReason | undefined {
  const { svc } = EVENT_KINDS[kind]!;
  const { count } = group === undefined ? { count: 0 } : held.fillOf(group);
  if (svc === 'ping' && count >= MOST_PINGS) return 'ping-limit';
  return svc === 'observation' && count >= MOST_OBSERVATIONS ? 'observation-limit' : undefined;
}

function isOffline({ bytes }: Candidate, offline: ReadonlySet<string> | undefined): boolean {
  const event = readLine(bytes);
  return event !== undefined && [event.emitter, ...subjectsOf(event)].some((name) => offline?.has(name));
}
