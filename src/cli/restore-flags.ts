import { Option, type Command } from 'commander';
import { parseKeyList, type PinnedKey } from '../event/key-list.ts';
import { DEFAULT_MEMORY_BYTES } from '../merge/run-pool.ts';
import { RESTORE_DEFAULTS } from '../restore/restore-options.ts';
import { parseCount } from './count.ts';
import { parseDurationMs } from './duration.ts';
import { optionValue } from './option-value.ts';
import { readNamedText } from './read-named-text.ts';
import { declareSelection, type SelectionFlags } from './selection-flags.ts';
import { parseSizeBytes } from './size.ts';
import { declareSoulFlags, type SoulFlags } from './soul-source.ts';
import type { WayFlags } from './way-flags.ts';

/** The flags of `restore-events`, as commander reads them. */
export interface RestoreFlags extends SoulFlags, SelectionFlags, WayFlags {
  readonly naraUrl?: string;
  readonly name?: string;
  readonly limit?: number;
  readonly proof: 'id' | 'signed';
  readonly keys?: string;
  readonly includeMisfits?: true;
  readonly includeFuture?: true;
  readonly withPresence?: true;
  readonly overfill?: true;
  readonly strict?: true;
  readonly dryRun?: true;
  readonly blind?: true;
  readonly clockFix?: true;
  /** `--no-pre-restore` makes it false. */
  readonly preRestore?: string | false;
  readonly settle: 'wait' | 'warn' | 'no';
  readonly batchSize: number;
  readonly batchBytes: number;
  readonly timeout?: number;
  readonly rejects?: string;
  /** `--no-confirm` makes it false. */
  readonly confirm: boolean;
  readonly confirmAfter?: number;
  readonly memory: number;
}

export function declareRestoreFlags(command: Command): void {
  const { batch, proof, settle, requestTimeoutMs } = RESTORE_DEFAULTS;
  const duration = optionValue(parseDurationMs);
  const size = optionValue(parseSizeBytes);
  command.option('--nara-url <url>', "where the nara's web server or mesh port is");
  declareSoulFlags(command);
  command
    .option('--name <nara>', "the nara's name, where it does not tell it")
    .option('--dry-run', 'look and report, change nothing');
  declareSelection(command)
    .option('--limit <n>', 'send no more than so many, oldest first', optionValue(parseCount(1, 1e12)))
    .addOption(
      new Option('--proof <which>', 'id: the ID fits; signed: the origin is proven')
        .choices(['id', 'signed'])
        .default(proof),
    )
    .option('--keys <file>', 'vouch for keys: `name key` or {"name","public_key"}')
    .option('--include-misfits', 'send events whose ID does not fit, too')
    .option('--include-future', 'send events of more than 5 minutes ahead, too')
    .option('--with-presence', 'send also what puts names that are not online under\nthe clean-up')
    .option('--overfill', 'send what the ledger will not keep, or must make room for')
    .option('--strict', 'lines that hold no event are a failure (13)')
    .addOption(
      new Option('--settle <how>', 'about a target that started less than 6 minutes ago')
        .choices(['wait', 'warn', 'no'])
        .default(settle),
    )
    .option('--clock-fix', "sign with the target's time where ours is refused")
    .option(
      '--pre-restore <file>',
      'save what the target holds here first; default:\npre-restore-KEY-TIME.jsonl.gz',
    )
    .option('--no-pre-restore', 'save nothing')
    .option('--blind', 'send without looking at what the target holds')
    .option('--batch-size <n>', 'events a request', optionValue(parseCount(1, 100_000)), batch.maxEvents)
    .addOption(
      new Option('--batch-bytes <size>', 'bytes a request').argParser(size).default(batch.maxBytes, '8MiB'),
    )
    .addOption(
      new Option('--timeout <duration>', 'for the whole; default: 5 minutes without\nprogress').argParser(
        duration,
      ),
    )
    .addOption(
      new Option('--request-timeout <duration>', 'for one request')
        .argParser(duration)
        .default(requestTimeoutMs, '5m'),
    )
    .addOption(
      new Option('--connect-timeout <duration>', 'for the connection')
        .argParser(duration)
        .default(10_000, '10s'),
    )
    .option('--rejects <file>', 'keep events that the target cannot take here, as NDJSON')
    .option('--no-confirm', 'do not read back what arrived')
    .option('--confirm-after <duration>', 'read back again later, and send once more what is gone', duration)
    .addOption(
      new Option('--memory <size>', 'for what waits for the merge; more goes to a private\nfile in TMPDIR')
        .argParser(size)
        .default(DEFAULT_MEMORY_BYTES, '32MiB'),
    )
    .option('--ca-file <file>', "trust these certificates as well as the system's")
    .option('--insecure', 'take any certificate')
    .option('--insecure-http', 'plain http to anywhere: a listener could replace\nevery event');
}

/** The keys that the operator vouches for. Throws `KEY_LIST`, `FILE_UNREADABLE`. */
export async function readPinnedKeys({ keys }: Pick<RestoreFlags, 'keys'>): Promise<PinnedKey[]> {
  return keys === undefined ? [] : parseKeyList(await readNamedText(keys, 'the keys file'));
}
