import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import type { AuditSelection } from '../managed/audit-events.ts';
import { parseMomentNs } from './moment.ts';
import { optionValue, optionValues } from './option-value.ts';
import { splitLists } from './selection-flags.ts';

/** The flags that choose audit events. */
export interface WindowFlags {
  readonly since?: bigint;
  readonly until?: bigint;
  readonly eventType?: readonly string[];
}

export function declareWindow(command: Command): void {
  const moment = optionValue((text) => parseMomentNs(text, Date.now()));
  command
    .option('--event-type <type>', 'only events of this type; repeatable, commas', optionValues(String))
    .option(
      '--since <time>',
      'only events at or after: 2026-01-31T12:00:00Z,\n1769860800, or 36h or 30d (back from now)',
      moment,
    )
    .option('--until <time>', 'only events before', moment);
}

/** Throws `USAGE` for times between which nothing lies. */
export function windowOf({ since, until, eventType }: WindowFlags): AuditSelection {
  if (since !== undefined && until !== undefined && since >= until) {
    throw new MeshBackupError('USAGE', '--since is not before --until: nothing could lie between.');
  }
  return { eventTypes: splitLists(eventType), sinceNs: since, untilNs: until };
}
