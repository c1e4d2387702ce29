import { MeshBackupError } from '../../errors.ts';
import { rehearseRestore, restoreAuthority } from '../../managed/restore-authority.ts';
import { asidePath } from '../aside-path.ts';
import type { CommandModule } from '../command-module.ts';
import { answerInJson } from '../json-answer.ts';
import { line } from '../line.ts';
import {
  authorityDatabaseOf,
  declareAuthorityDatabase,
  neededFlag,
  type AuthorityDatabaseFlags,
} from '../managed-flags.ts';
import { declareOrphanFlag, judgeOrphans, type OrphanFlags } from '../orphans.ts';
import { warnOfTakenLock } from '../taken-lock.ts';

interface ManagedRestoreFlags extends AuthorityDatabaseFlags, OrphanFlags {
  readonly backup?: string;
  /** `--no-pre-restore-backup` makes it false. */
  readonly preRestoreBackup?: string | false;
  readonly yes?: true;
  readonly dryRun?: true;
}

export const managedRestore: CommandModule<ManagedRestoreFlags> = {
  name: 'managed restore',
  summary: "put a backup in the place of an authority's database",
  jsonTo: 'stdout',
  examples: ['--db-path /data/na.db --backup backups/na.db --yes'],
  notes:
    'The authority must be stopped: a database that a process has open is not\n' +
    'replaced. Afterwards start it, and see: mesh-backup managed check URL.',

  declare(command) {
    command.description(
      'Checks a backup and puts it in the place of the database, in one step: at every\n' +
        'moment the one or the other is there, whole. What is there is kept beside it.',
    );
    declareAuthorityDatabase(command);
    command
      .option('--backup <file>', 'the backup; it stays as it is')
      .option('--pre-restore-backup <file>', 'keep what is there before here, not in\nDB.pre-restore-TIME')
      .option('--no-pre-restore-backup', 'keep nothing of what is there')
      .option('--yes', 'yes, replace the database')
      .option('--dry-run', 'check all that can be checked, replace nothing');
    declareOrphanFlag(command);
  },

  async run(flags, { output, signal }) {
    const dbPath = authorityDatabaseOf(flags);
    const backup = neededFlag(flags.backup, '--backup', 'Restore what?');
    const wanted = await asidePath(flags.preRestoreBackup, dbPath, new Date());
    if (flags.dryRun) {
      await rehearseRestore(dbPath, backup, { aside: wanted, busyTimeoutMs: flags.busyTimeout, signal });
      if (!output.json) output.tell(line`${backup} could be restored (dry run: nothing was changed)`);
      output.record({ type: 'summary', exitStatus: 0, db_path: dbPath, restored_from: null });
      return 0;
    }
    if (!flags.yes) {
      throw new MeshBackupError('NOT_CONFIRMED', `${dbPath} would be replaced: say --yes.`);
    }
    const { aside, asideKind } = await restoreAuthority(dbPath, backup, {
      aside: wanted,
      busyTimeoutMs: flags.busyTimeout,
      signal,
      onOrphans: judgeOrphans(flags.allowOrphans ?? false, output),
      onTakenOver: warnOfTakenLock(dbPath, output),
    });
    if (asideKind === 'raw') {
      output.warn(
        line`⚠️  What was there is no sound database: its files were kept as they are, as ${aside!}`,
      );
    }
    output.detail(line`✅ Now start the authority, and look: mesh-backup managed check URL`);
    await answerInJson(
      {
        db_path: dbPath,
        restored_from: backup,
        pre_restore_backup: aside === undefined ? null : wanted!,
      },
      output,
    );
    return 0;
  },
};
