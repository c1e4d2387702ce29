import { Option, type Command } from 'commander';
import type { Demands } from '../dump/outcome.ts';
import { DEFAULT_MEMORY_BYTES } from '../merge/run-pool.ts';
import { MAX_PAGE_SIZE } from '../sync/page-step.ts';
import { DEFAULT_WALK_BOUNDS, type WalkBounds } from '../sync/walk-peer.ts';
import { parseCount } from './count.ts';
import type { DestinationFlags } from './dump-destination.ts';
import { parseDurationMs } from './duration.ts';
import { declareMeshFlags, type MeshFlags } from './mesh-flags.ts';
import { optionValue, optionValues } from './option-value.ts';
import { declareSelection, splitLists, type SelectionFlags } from './selection-flags.ts';
import { parseSizeBytes } from './size.ts';
import { declareSoulFlags, type SoulFlags } from './soul-source.ts';

/** The flags of `dump-events`, as commander reads them. */
export interface DumpFlags extends SoulFlags, DestinationFlags, SelectionFlags, MeshFlags {
  readonly name?: string;
  readonly introduce?: readonly string[];
  readonly timeout: number;
  readonly workers: number;
  readonly pageSize: number;
  readonly maxPageBytes: number;
  readonly maxPeerEvents: number;
  readonly maxPeerBytes: number;
  readonly memory: number;
  /** `--no-checkpoints` makes it false. */
  readonly checkpoints: boolean;
  readonly acceptUnsignedPeers?: true;
  readonly minPeers?: number;
  readonly requirePeer?: readonly string[];
  readonly strict?: true;
  readonly quarantine?: string;
  readonly variants?: string;
  readonly evidence?: string;
  readonly keepMisfits?: true;
  readonly receipt?: string;
}

export function declareDumpFlags(command: Command): void {
  const { timeoutMs, pageSize, maxPageBytes, maxPeerEvents, maxPeerBytes } = DEFAULT_WALK_BOUNDS;
  command.option('--name <nara>', 'sign requests as this nara');
  declareSoulFlags(command);
  command
    .addOption(
      new Option('--timeout <duration>', 'wall clock per peer')
        .argParser(optionValue(parseDurationMs))
        .default(timeoutMs, '3m'),
    )
    .option('--workers <n>', 'peers walked at a time', optionValue(parseCount(1, 1000)), 5)
    .option('-o, --output <file>', 'add to this backup, whole or not at all;\n- is stdout')
    .option('--gzip', 'compress; FILE.gz always is')
    .option('--fresh', 'leave out what the backup held; it is FILE.old\nuntil a run ends with 0')
    .option('--ids-from <file>', 'write only what this backup lacks, if it exists')
    .option('--receipt <file>', 'a signed account of the dump; auto: FILE.receipt')
    .option('--dry-run', 'fetch and report, write nothing');
  declareSelection(command)
    .option(
      '--page-size <n>',
      'events a page, at most 5000',
      optionValue(parseCount(1, MAX_PAGE_SIZE)),
      pageSize,
    )
    .addOption(
      new Option('--max-page-bytes <size>', 'the largest answer taken')
        .argParser(optionValue(parseSizeBytes))
        .default(maxPageBytes, '64MiB'),
    )
    .option(
      '--max-peer-events <n>',
      'leave a peer that gives more',
      optionValue(parseCount(1, 1_000_000_000)),
      maxPeerEvents,
    )
    .addOption(
      new Option('--max-peer-bytes <size>', 'leave a peer that gives more')
        .argParser(optionValue(parseSizeBytes))
        .default(maxPeerBytes, '1GiB'),
    )
    .addOption(
      new Option(
        '--memory <size>',
        'for what waits for the merge; more goes to a\nprivate file in TMPDIR, with -o in FILE.work',
      )
        .argParser(optionValue(parseSizeBytes))
        .default(DEFAULT_MEMORY_BYTES, '32MiB'),
    )
    .option('--no-checkpoints', 'do not ask peers for all their checkpoints')
    .option('--accept-unsigned-peers', 'take answers whose signature is missing or false')
    .option('--min-peers <n>', 'so many complete peers are success', optionValue(parseCount(1, 1_000_000)))
    .option('--require-peer <nara>', 'this nara must be complete; repeatable', optionValues(String))
    .option('--strict', 'events that do not verify are a failure (13)')
    .option('--quarantine <file>', 'keep events that do not verify here, as NDJSON')
    .option('--variants <file>', 'keep copies that lost but say something else here')
    .option('--evidence <dir>', 'keep signed answers that prove false copies here')
    .option('--keep-misfits', 'write events whose ID does not fit, too');
  declareMeshFlags(command);
  command.option(
    '--introduce <naras>',
    'let these (all: everyone) ask us for our key if\nthey do not know us; what they hold about us is\nthen deleted there: docs/mesh.md',
    optionValues(String),
  );
}

export function boundsOf(flags: DumpFlags): WalkBounds {
  const { timeout, pageSize, maxPageBytes, maxPeerEvents, maxPeerBytes } = flags;
  return { ...DEFAULT_WALK_BOUNDS, timeoutMs: timeout, pageSize, maxPageBytes, maxPeerEvents, maxPeerBytes };
}

export function demandsOf({ minPeers, requirePeer, strict }: DumpFlags): Demands {
  return { minPeers, requiredPeers: splitLists(requirePeer), strict: strict ?? false };
}
