import { sumOf } from './sum-of.ts';

/** Why an event of the backup is not sent, and what that means, for people. In the order in which it is asked. */
export const STAY_REASONS = {
  filtered: 'not selected',
  there: 'the target has it',
  hostile: 'readers disagree about it, or a server would die of it',
  misfit: 'the ID does not fit the content (--include-misfits)',
  'unknown-service': 'of a service that the server does not take',
  'not-taken': 'the server would not take it: incomplete, or a checkpoint that it holds to be miscounted',
  future: 'from the future (--include-future)',
  'greeting-unproven': 'a greeting that is not signed by the key it carries',
  'name-contested': 'a greeting of a name for which several keys are known (--keys)',
  'name-offline': 'a greeting of a name that the target does not list as online (--with-presence)',
  recent: 'less than 5 minutes old, and names one that the target does not list as online (--with-presence)',
  'emitter-offline': 'emitted by one that the target lists, but not as online (--with-presence)',
  unproven: 'its origin is not proven (--proof signed)',
  'id-taken': 'another event has its ID',
  'ping-limit': 'a ledger keeps 5 pings for each name that is pinged (--overfill)',
  'observation-limit': 'a ledger keeps 20 observations for each pair of names (--overfill)',
  capacity: 'the target has no room (--overfill)',
  limit: 'more than --limit',
} as const;

export type StayReason = keyof typeof STAY_REASONS;

/** How many stay for which reason. */
export type StayCounts = Partial<Record<StayReason, number>>;

/** How many stay, for whatever reason. */
export function totalStay(counts: StayCounts): number {
  return sumOf(Object.values(counts));
}

/** Adds one count to another. */
export function addStay(...all: readonly StayCounts[]): StayCounts {
  const sum: StayCounts = {};
  for (const counts of all) {
    for (const [reason, times] of Object.entries(counts)) countStay(sum, reason as StayReason, times);
  }
  return sum;
}

export function countStay(counts: StayCounts, reason: StayReason, times = 1): void {
  if (times > 0) counts[reason] = (counts[reason] ?? 0) + times;
}
