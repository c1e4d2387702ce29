import { randomBytes } from 'node:crypto';
import { Option, type Command } from 'commander';
import { MAX_SAMPLE } from '../archive/line-sample.ts';
import { MeshBackupError } from '../errors.ts';
import { parseCount } from './count.ts';
import { optionValue, optionValues } from './option-value.ts';
import { declareSelection, selectionOf, splitLists, type SelectionFlags } from './selection-flags.ts';
import type { SelectOptions } from '../archive/select.ts';

/** The flags of `select`, as commander reads them. */
export interface SelectFlags extends SelectionFlags {
  readonly id?: readonly string[];
  readonly proof?: 'none' | 'id' | 'signed';
  readonly keys?: string;
  readonly invert?: true;
  readonly limit?: number;
  readonly sample?: number;
  readonly seed?: string;
  readonly gzip?: true;
  readonly strict?: true;
  readonly quiet?: true;
}

export function declareSelectFlags(command: Command): void {
  declareSelection(command)
    .option('--id <list>', 'only these events; repeatable, commas', optionValues(String))
    .addOption(
      new Option(
        '--proof <which>',
        'none: whatever holds an event; id: its ID fits, or its\nservice is unknown; signed: its origin is proven',
      ).choices(['none', 'id', 'signed']),
    )
    .option('--keys <file>', 'vouch for keys: `name key` or {"name","public_key"}')
    .option('--invert', 'what these flags would not select')
    .option('--limit <n>', 'the first so many, and read no further', optionValue(parseCount(1, 1e12)))
    .option(
      '--sample <n>',
      'so many of them by chance, each as likely as another',
      optionValue(parseCount(1, MAX_SAMPLE)),
    )
    .option('--seed <text>', 'the same sample again')
    .option('--gzip', 'compress what is written')
    .option('--strict', 'lines that hold no event are a failure (13)')
    .option('-q, --quiet', 'say nothing of what is left out');
}

/** Throws `USAGE` for flags that contradict each other, or that say nothing. */
export function selectRulesOf(
  flags: SelectFlags,
): Pick<SelectOptions, 'filter' | 'ids' | 'proof' | 'invert' | 'limit' | 'sample'> {
  const { proof, invert = false, limit, sample, seed } = flags;
  const ids = splitLists(flags.id);
  const filter = selectionOf(flags);
  const { sinceNs, untilNs, services, naras } = filter;
  if (flags.id !== undefined && ids.length === 0) throw usage('--id names no event.');
  if (limit !== undefined && sample !== undefined)
    throw usage('--limit and --sample contradict each other: the first ones, or any?');
  if (seed !== undefined && sample === undefined) throw usage('--seed is for --sample.');
  if (flags.keys !== undefined && proof !== 'signed') throw usage('--keys is for --proof signed.');
  const isTested =
    (sinceNs ?? untilNs ?? proof) !== undefined || ids.length + services.length + naras.length > 0;
  if (invert && !isTested) throw usage('--invert needs flags that it can turn around.');
  return {
    filter,
    ids,
    proof,
    invert,
    limit: limit ?? Infinity,
    sample: sample === undefined ? undefined : { size: sample, seed: seed ?? randomBytes(8).toString('hex') },
  };
}

function usage(message: string): MeshBackupError {
  return new MeshBackupError('USAGE', message);
}
