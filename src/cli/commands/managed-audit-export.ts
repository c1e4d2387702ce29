import { Option } from 'commander';
import { plural } from '../../archive/plural.ts';
import { writeWhole, type Produce } from '../../jsonl/write-whole.ts';
import { exportAuditEvents, type AuditExportSummary } from '../../managed/audit-export.ts';
import { existingDatabase } from '../../sqlite/database-file.ts';
import { sideFiles } from '../../sqlite/side-files.ts';
import { assertApart } from '../apart.ts';
import type { CommandModule } from '../command-module.ts';
import { answerInJson } from '../json-answer.ts';
import { line } from '../line.ts';
import { makeFolderOf } from '../make-folder.ts';
import {
  authorityDatabaseOf,
  declareAuthorityDatabase,
  neededFlag,
  type AuthorityDatabaseFlags,
} from '../managed-flags.ts';
import { warnOfTakenLock } from '../taken-lock.ts';
import { declareWindow, windowOf, type WindowFlags } from '../window-flags.ts';

interface AuditExportFlags extends AuthorityDatabaseFlags, WindowFlags {
  readonly output?: string;
  readonly format: 'jsonl' | 'json';
}

export const managedAuditExport: CommandModule<AuditExportFlags> = {
  name: 'managed audit-export',
  summary: "an authority's audit events, redacted",
  jsonTo: 'stderr',
  examples: ['--db-path na.db --output audit.jsonl', '--db-path na.db --output - --since 30d'],

  declare(command) {
    command.description(
      'Writes audit events, oldest first. Values whose keys speak of secrets,\n' +
        'signatures, tokens, nonces or bodies are <redacted>, at any depth.',
    );
    declareAuthorityDatabase(command);
    command
      .option('--output <file>', 'write them here, whole or not at all; - is stdout')
      .addOption(
        new Option('--format <format>', 'one a line, or one array')
          .choices(['jsonl', 'json'])
          .default('jsonl'),
      );
    declareWindow(command);
  },

  async run(flags, { output, signal }) {
    const dbPath = authorityDatabaseOf(flags);
    const path = neededFlag(flags.output, '--output', 'Write them where?');
    const { format } = flags;
    const options = { dbPath, format, busyTimeoutMs: flags.busyTimeout, signal, ...windowOf(flags) };
    await assertApart(
      [{ name: '--output', path: path === '-' ? undefined : path }],
      [dbPath, ...sideFiles(dbPath)].map((of) => ({ name: '--db-path', path: of })),
    );
    // Before a folder is made for nothing.
    await existingDatabase(dbPath);
    if (path !== '-') await makeFolderOf(path);
    let summary: AuditExportSummary | undefined;
    const produce: Produce = async (write) => {
      summary = await exportAuditEvents(options, write);
    };
    if (path === '-') await produce((bytes) => output.write(bytes));
    else await writeWhole(path, produce, { over: 'replace', onTakenOver: warnOfTakenLock(path, output) });
    const { eventCount, undatedCount, undated } = summary!;
    const exitStatus = undatedCount > 0 ? 3 : 0;
    if (undatedCount > 0) {
      output.warn(
        line`⚠️  ${undatedCount} ${plural(undatedCount, 'event is', 'events are')} not written: whether they are of that time cannot be read, the first is ${undated[0]!}`,
      );
    }
    const answer = { db_path: dbPath, output: path, format, event_count: eventCount };
    if (path === '-') output.record({ type: 'summary', exitStatus, ...answer });
    else await answerInJson(answer, output, exitStatus);
    return exitStatus;
  },
};
