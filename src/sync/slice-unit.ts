import type { EventView } from '../event/event-view.ts';
import { subjectsOf } from '../event/roles.ts';
import { NameCounts } from './server-subjects.ts';
import type { EventScope } from './sync-client.ts';

/** What is asked for as one: a service, or all of them. */
export interface SliceUnit {
  readonly scope: EventScope;
  readonly names: NameCounts;
  /** One answer held it all. */
  isWhole: boolean;
  /** Names of which one answer held all that this unit has. */
  wholeNames: ReadonlySet<string>;
  /** That is so of all its names. */
  isCutByNames: boolean;
  /** How many slices are asked for next; 0: it was not asked for at all. */
  total: number;
}

/** An earlier answer would have held it, had it been there. */
export function isNewcomer(event: EventView, { isWhole, wholeNames }: SliceUnit): boolean {
  return isWhole || subjectsOf(event).some((name) => wholeNames.has(name));
}

export function newUnit(scope: EventScope): SliceUnit {
  return {
    scope,
    names: new NameCounts(),
    isWhole: false,
    wholeNames: new Set(),
    isCutByNames: false,
    total: 0,
  };
}
