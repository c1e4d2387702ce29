import type { Command } from 'commander';
import { MeshBackupError } from '../errors.ts';
import type { Policy } from '../keeping/policy.ts';
import { parseSpan, type Span } from '../keeping/span.ts';
import { optionValue } from './option-value.ts';

/** The flags of `prune`, as commander reads them. */
export interface PruneFlags {
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  readonly keepWithin?: Span;
  readonly includeBad?: true;
  readonly forgetEvents?: true;
  readonly keys?: string;
  readonly trustedKeys?: string;
  readonly signatures?: true;
  readonly dryRun?: true;
}

const MAX_COUNT = 1_000_000_000;

export function declarePruneFlags(command: Command): void {
  const count = optionValue(parseKeepCount);
  command
    .option('--keep-last <n>', 'keep the newest n', count)
    .option('--keep-hourly <n>', 'keep the newest of each of n hours that have one', count)
    .option('--keep-daily <n>', 'days', count)
    .option('--keep-weekly <n>', 'weeks, from Monday on', count)
    .option('--keep-monthly <n>', 'months', count)
    .option('--keep-yearly <n>', 'years', count)
    .option(
      '--keep-within <span>',
      'keep all of the 30d, 6m (months) or 1y2m3d4h before the\nnewest',
      optionValue(parseSpan),
    )
    .option('--include-bad', 'remove also what does not verify, where its series\nkeeps what does')
    .option('--forget-events', 'remove also what holds events that no kept backup\nhas')
    .option('--keys <file>', 'receipts must be by these: `name key` or\n{"name","public_key"}')
    .option('--trusted-keys <file>', 'snapshots must be signed with these: a JSON array')
    .option('--signatures', 'verify the signature of each event, too: slow')
    .option('--dry-run', 'show what would be removed, change nothing');
}

export function policyOf(flags: PruneFlags): Policy {
  return {
    last: flags.keepLast ?? 0,
    hourly: flags.keepHourly ?? 0,
    daily: flags.keepDaily ?? 0,
    weekly: flags.keepWeekly ?? 0,
    monthly: flags.keepMonthly ?? 0,
    yearly: flags.keepYearly ?? 0,
    ...(flags.keepWithin !== undefined && { within: flags.keepWithin }),
  };
}

/** As restic reads it: `unlimited` (or -1) is all. Throws `USAGE`. */
function parseKeepCount(text: string): number {
  if (text === 'unlimited' || text === '-1') return Infinity;
  const count = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (count <= MAX_COUNT) return count;
  throw new MeshBackupError('USAGE', `'${text}' is no number of backups to keep, nor unlimited`);
}
