import { Option } from 'commander';
import { plural } from '../../archive/plural.ts';
import { readSigningKey } from '../../keys/signing-key.ts';
import type { AuthoritySettings } from '../../managed/authority-check.ts';
import { gatherIncident } from '../../managed/incident.ts';
import { RUNBOOKS, type Runbook } from '../../managed/runbooks.ts';
import { parseAuthorityUrl, withAuthority } from '../authority.ts';
import type { CommandContext, CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import {
  authorityDatabaseOf,
  declareAuthorityDatabase,
  neededFlag,
  type AuthorityDatabaseFlags,
} from '../managed-flags.ts';
import { packageVersion } from '../package-version.ts';
import { declareWayFlags, type WayFlags } from '../way-flags.ts';
import { declareWindow, windowOf, type WindowFlags } from '../window-flags.ts';

interface IncidentFlags extends AuthorityDatabaseFlags, WindowFlags, WayFlags {
  readonly runbook?: Runbook;
  readonly output?: string;
  readonly url?: string;
  readonly withDatabase?: true;
  readonly signWith?: string;
}

export const managedIncident: CommandModule<IncidentFlags> = {
  name: 'managed incident',
  summary: 'the evidence of an incident, in one signed folder',
  jsonTo: 'stdout',
  examples: [
    '--db-path na.db --output incident-17 --since 2d',
    '--db-path na.db --since 36h --runbook bad-feed \\\n    --url https://authority.example --sign-with op.key --output incident-18',
  ],
  environment: { HTTPS_PROXY: 'a proxy for https; NO_PROXY names hosts without one' },
  notes: `Runbooks (docs/managed.md):\n${Object.entries(RUNBOOKS)
    .map(([name, { title }]) => `  ${name.padEnd(13)} ${title}`)
    .join('\n')}`,

  declare(command) {
    command.description(
      'Gathers redacted audit events of a window, what the authority tells of itself,\n' +
        'and their SHA-256 into a new folder, and signs them.',
    );
    declareAuthorityDatabase(command);
    command
      .addOption(
        new Option('--runbook <name>', 'what happened; chooses event types').choices(Object.keys(RUNBOOKS)),
      )
      .option('--output <dir>', 'the new folder; it must not be there')
      .option('--url <url>', 'where the authority is: keep what it tells')
      .option('--with-database', 'a copy of the database, too: it holds secrets')
      .option('--sign-with <file>', 'a key as mesh-backup snapshot keygen makes it');
    declareWindow(command);
    declareWayFlags(command, 'plain http to anywhere: a listener could\nchange what is told');
  },

  async run(flags, context) {
    const { output, signal } = context;
    const dbPath = authorityDatabaseOf(flags);
    const folder = neededFlag(flags.output, '--output', 'Gather it where?');
    const window = windowOf(flags);
    // Before the work: a long copy for nothing would annoy.
    if (flags.url !== undefined) parseAuthorityUrl(flags.url, '--url');
    const signer = flags.signWith === undefined ? undefined : await readSigningKey(flags.signWith);
    if (signer === undefined)
      output.warn(line`⚠️  Without --sign-with nothing shows that this was not changed later`);

    const { events, eventsWithoutTime, answers } = await withUrl(flags, context, (authority) =>
      gatherIncident({
        ...window,
        dbPath,
        folder,
        runbook: flags.runbook,
        authority,
        withDatabase: flags.withDatabase ?? false,
        signer,
        tool: `mesh-backup ${packageVersion()}`,
        busyTimeoutMs: flags.busyTimeout,
        signal,
      }),
    );
    const silent = answers.filter(({ problem }) => problem !== undefined);
    for (const { path, problem } of silent) output.warn(line`⚠️  ${path}: ${problem!}`);
    if (eventsWithoutTime > 0) {
      output.warn(
        line`⚠️  ${eventsWithoutTime} ${plural(eventsWithoutTime, 'event is', 'events are')} left out: no time can be read there`,
      );
    }
    const exitStatus = silent.length === 0 && eventsWithoutTime === 0 ? 0 : 3;
    output.record({ type: 'summary', exitStatus, folder, events, key: signer?.publicKey });
    if (!output.json) await output.print(line`${folder}: ${events} audit ${plural(events, 'event')}`);
    return exitStatus;
  },
};

async function withUrl<T>(
  flags: IncidentFlags,
  context: CommandContext,
  run: (authority: AuthoritySettings | undefined) => Promise<T>,
): Promise<T> {
  return flags.url === undefined ? run(undefined) : withAuthority(flags.url, '--url', flags, context, run);
}
