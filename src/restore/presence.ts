import type { EventView } from '../event/event-view.ts';
import { subjectsOf } from '../event/roles.ts';

/** Why an event that is no greeting would put a name's history under the target's clean-up. */
export type PresenceDanger = 'recent' | 'emitter-offline';

export interface PresenceRules {
  /** The target's name; `undefined`: not told. */
  readonly ownName: string | undefined;
  /** Names that the target lists as online; `undefined`: it does not tell. */
  readonly online: ReadonlySet<string> | undefined;
  /** Names that it lists, but not as online. */
  readonly offline: ReadonlySet<string> | undefined;
  /** Send all the same. */
  readonly withPresence: boolean;
  /** Unix nanoseconds. */
  readonly nowNs: bigint;
}

/** What is less than 5 minutes old is news to a server; a minute more, as clocks differ. */
const NEWS_NS = 6n * 60n * 1_000_000_000n;

/**
 * Why an event must not be sent as things are, `undefined` if it may. News bring the names in them into the
 * neighbourhood, where whoever is not online loses its history; and a neighbour that is not online is held to have been
 * heard last when it emitted the event, which can be long enough ago for the same (besides, a restart is made up for it).
 * Source: specification, "Clean-up", "Not neutral either".
 */
export function judgePresence(event: EventView, rules: PresenceRules): PresenceDanger | undefined {
  const { ownName, online, offline, withPresence, nowNs } = rules;
  if (withPresence) return undefined;
  const isThere = (name: string): boolean => name === '' || name === ownName || online?.has(name) === true;
  if (event.tsNs > nowNs - NEWS_NS && ![event.emitter, ...subjectsOf(event)].every(isThere)) return 'recent';
  return offline?.has(event.emitter) === true ? 'emitter-offline' : undefined;
}
