import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import type { EventFilter } from '../event/filter.ts';
import { parseMomentNs } from './moment.ts';
import { optionValue, optionValues } from './option-value.ts';

/** The flags that select events, the same for all commands that have them. */
export interface SelectionFlags {
  readonly since?: bigint;
  readonly until?: bigint;
  readonly svc?: readonly string[];
  readonly nara?: readonly string[];
}

export function declareSelection(command: Command): Command {
  const moment = optionValue((text) => parseMomentNs(text, Date.now()));
  return command
    .option(
      '--since <time>',
      'only events at or after: 2026-01-31T12:00:00Z,\n1769860800, or 36h or 30d (back from now)',
      moment,
    )
    .option('--until <time>', 'only events before', moment)
    .option('--svc <list>', 'only these services; repeatable, commas', optionValues(String))
    .option(
      '--nara <list>',
      'only events in which one of these names or IDs plays\na part; repeatable, commas',
      optionValues(String),
    );
}

/** Throws `USAGE` for times between which nothing lies. */
export function selectionOf({ since, until, svc, nara }: SelectionFlags): EventFilter {
  if (since !== undefined && until !== undefined && since >= until) {
    throw new MeshBackupError('USAGE', '--since is not before --until: nothing could be selected.');
  }
  return { sinceNs: since, untilNs: until, services: splitLists(svc), naras: splitLists(nara) };
}

/** The items of lists with commas. */
export function splitLists(lists: readonly string[] = []): string[] {
  return lists
    .flatMap((list) => list.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
