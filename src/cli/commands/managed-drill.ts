import { Option } from 'commander';
import { recordedDrill, type DrilledServer } from '../../drill/recorded-drill.ts';
import { MeshBackupError } from '../../errors.ts';
import { readSigningKey } from '../../keys/signing-key.ts';
import { readSavedAnswers } from '../../managed/saved-answers.ts';
import { parseAuthorityUrl, withAuthority } from '../authority.ts';
import type { CommandContext, CommandModule } from '../command-module.ts';
import { DoctorReport } from '../doctor-report.ts';
import { parseDurationMs } from '../duration.ts';
import { line } from '../line.ts';
import {
  authorityDatabaseOf,
  declareAuthorityDatabase,
  neededFlag,
  type AuthorityDatabaseFlags,
} from '../managed-flags.ts';
import { optionValue } from '../option-value.ts';
import { packageVersion } from '../package-version.ts';
import { declareWayFlags, type WayFlags } from '../way-flags.ts';

interface DrillFlags extends AuthorityDatabaseFlags, WayFlags {
  readonly output?: string;
  readonly start?: string;
  readonly url?: string;
  readonly expect?: string;
  /** ms. */
  readonly startTimeout: number;
  readonly signWith?: string;
}

const START_TIMEOUT_MS = 60_000;

export const managedDrill: CommandModule<DrillFlags> = {
  name: 'managed drill',
  summary: 'try a restore, end to end, on a scratch copy',
  jsonTo: 'stdout',
  examples: [
    '--db-path na.db --output drill --sign-with op.key',
    "--db-path na.db --output drill \\\n    --start 'genesis-na serve' --url http://localhost:9443",
  ],
  environment: { TMPDIR: 'where the scratch database lies for a while' },

  declare(command) {
    command.description(
      'Backs a database up, restores it to a scratch one, changes that, restores over\n' +
        'it, holds each byte against the backup, and writes down how it went. The\n' +
        "database itself is only read. Takes an authority's database, and a Stigmem\n" +
        "node's.",
    );
    declareAuthorityDatabase(command);
    command
      .option('--output <dir>', 'a new folder for the record and the audit events')
      .option('--start <command>', 'start this on the scratch database (DB_PATH)\nand look at it')
      .option('--url <url>', 'where what is started answers')
      .option('--expect <dir>', 'what it must tell: a folder of\nmanaged check --save')
      .addOption(
        new Option('--start-timeout <duration>', 'for it to be ready')
          .argParser(optionValue(parseDurationMs))
          .default(START_TIMEOUT_MS, '1m'),
      )
      .option('--sign-with <file>', 'a key as mesh-backup snapshot keygen makes it');
    declareWayFlags(command, 'plain http to anywhere');
  },

  async run(flags, context) {
    const { output, signal } = context;
    const dbPath = authorityDatabaseOf(flags);
    const folder = neededFlag(flags.output, '--output', 'Write it down where?');
    assertStartFits(flags);
    if (flags.url !== undefined) parseAuthorityUrl(flags.url, '--url');
    const signer = flags.signWith === undefined ? undefined : await readSigningKey(flags.signWith);
    if (signer === undefined)
      output.warn(line`⚠️  Without --sign-with nothing shows that the record was not changed later`);
    const report = new DoctorReport(output);
    const expected = flags.expect === undefined ? new Map() : await readSavedAnswers(flags.expect, signal);
    const isGood = await withServer(flags, context, expected, (server) =>
      recordedDrill({
        dbPath,
        folder,
        server,
        signer,
        tool: `mesh-backup ${packageVersion()}`,
        busyTimeoutMs: flags.busyTimeout,
        signal,
        onStep: (step) => report.tell(step),
      }),
    );
    const error = isGood
      ? undefined
      : new MeshBackupError('DRILL_FAILED', `The drill failed; its record is in ${folder}.`);
    if (error !== undefined) output.fail(error);
    else if (!output.json) await output.print(line`${folder}: the drill went well`);
    const exitStatus = error?.exitStatus ?? 0;
    output.record({ type: 'summary', exitStatus, folder, isGood, key: signer?.publicKey });
    return exitStatus;
  },
};

function assertStartFits({ start, url, expect }: DrillFlags): void {
  if ((start === undefined) !== (url === undefined)) {
    throw new MeshBackupError('USAGE', '--start and --url go together: what to start, and where it answers.');
  }
  if (expect !== undefined && start === undefined) {
    throw new MeshBackupError('USAGE', '--expect is what the server of --start must tell.');
  }
}

async function withServer<T>(
  flags: DrillFlags,
  context: CommandContext,
  expected: ReadonlyMap<string, Buffer>,
  run: (server: DrilledServer | undefined) => Promise<T>,
): Promise<T> {
  const { start: command, url, startTimeout: startTimeoutMs } = flags;
  if (command === undefined || url === undefined) return run(undefined);
  const onLine = (said: string): void => {
    context.output.detail(line`   ${said}`);
  };
  return withAuthority(url, '--url', flags, context, (authority) =>
    run({ command, env: context.env, authority, startTimeoutMs, expected, onLine }),
  );
}
