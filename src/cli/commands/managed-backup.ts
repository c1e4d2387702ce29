import { backUpAuthority } from '../../managed/back-up-authority.ts';
import { existingDatabase } from '../../sqlite/database-file.ts';
import type { CommandModule } from '../command-module.ts';
import { startCopyProgress } from '../copy-progress.ts';
import { answerInJson } from '../json-answer.ts';
import { line } from '../line.ts';
import { makeFolderOf } from '../make-folder.ts';
import {
  authorityDatabaseOf,
  declareAuthorityDatabase,
  neededFlag,
  type AuthorityDatabaseFlags,
} from '../managed-flags.ts';
import { declareOrphanFlag, judgeOrphans, type OrphanFlags } from '../orphans.ts';
import { warnOfTakenLock } from '../taken-lock.ts';

interface ManagedBackupFlags extends AuthorityDatabaseFlags, OrphanFlags {
  readonly output?: string;
}

export const managedBackup: CommandModule<ManagedBackupFlags> = {
  name: 'managed backup',
  summary: "copy an authority's database while it runs",
  jsonTo: 'stdout',
  examples: ['--db-path /data/na.db --output backups/na.db'],

  declare(command) {
    command.description(
      "Copies an authority's database as it is at one moment, checks the copy, and\n" +
        'puts it in the place of OUTPUT. The authority may go on writing.',
    );
    declareAuthorityDatabase(command);
    command.option('--output <file>', 'the backup; its folder is made, a file there is replaced');
    declareOrphanFlag(command);
  },

  async run(flags, { output, signal }) {
    const dbPath = authorityDatabaseOf(flags);
    const backupPath = neededFlag(flags.output, '--output', 'A backup where?');
    // Before a folder is made for nothing.
    await existingDatabase(dbPath);
    await makeFolderOf(backupPath);
    const progress = startCopyProgress(output);
    try {
      const { bytes, sha256 } = await backUpAuthority(dbPath, backupPath, {
        busyTimeoutMs: flags.busyTimeout,
        signal,
        onProgress: progress.onProgress,
        onOrphans: judgeOrphans(flags.allowOrphans ?? false, output),
        onTakenOver: warnOfTakenLock(backupPath, output),
      });
      progress.stop();
      output.detail(line`✅ ${bytes} bytes, SHA-256 ${sha256}`);
    } finally {
      progress.stop();
    }
    await answerInJson({ db_path: dbPath, backup_path: backupPath }, output);
    return 0;
  },
};
