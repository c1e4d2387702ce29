import { resolve } from 'node:path';
import { MeshBackupError } from '../../errors.ts';
import { restoreSnapshot } from '../../snapshot/restore-snapshot.ts';
import type { VerifiedSnapshot } from '../../snapshot/snapshot.ts';
import type { Trust } from '../../snapshot/trust.ts';
import { sideFiles } from '../../sqlite/side-files.ts';
import { assertApart } from '../apart.ts';
import { appendAuditLine } from '../audit-log.ts';
import { asidePath } from '../aside-path.ts';
import type { CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import { declareOrphanFlag, judgeOrphans, type OrphanFlags } from '../orphans.ts';
import type { Output } from '../output.ts';
import { restoredLines, restoredRecord } from '../restored-report.ts';
import {
  databaseOf,
  DATABASE_ENVIRONMENT,
  declareBoundFlag,
  declareDatabaseFlags,
  declareTrustFlags,
  readStrictTrust,
  type BoundFlags,
  type DatabaseFlags,
  type TrustFlags,
} from '../snapshot-flags.ts';
import { warnOfTakenLock } from '../taken-lock.ts';

interface SnapshotRestoreFlags extends DatabaseFlags, TrustFlags, BoundFlags, OrphanFlags {
  readonly from?: string;
  readonly forceUnverified?: true;
  /** `--no-pre-restore-backup` makes it false. */
  readonly preRestoreBackup?: string | false;
  readonly dryRun?: true;
  readonly auditLog?: string;
}

interface RestoreFiles {
  readonly file: string;
  readonly db: string;
}

export const snapshotRestore: CommandModule<SnapshotRestoreFlags> = {
  name: 'snapshot restore',
  summary: "put the database of a snapshot in the place of the node's",
  jsonTo: 'stdout',
  examples: ['--db stigmem.db --trusted-keys keys.json FILE', '--db stigmem.db --from FILE --dry-run'],
  environment: DATABASE_ENVIRONMENT,
  notes:
    'The node must be stopped: a database that a process has open is not replaced.\n' +
    'What is left to do afterwards is said at the end.',

  declare(command) {
    command
      .argument('[file]', 'the snapshot')
      .description(
        'Checks a snapshot and puts its database in the place of the one there, in one\n' +
          'step: at every moment the one or the other is there, whole.',
      )
      .option('--from <file>', 'the snapshot, as the node itself has it');
    declareDatabaseFlags(command);
    declareTrustFlags(command);
    command
      .option('--force-unverified', 'whatever the signature and the checksums say')
      .option('--audit-log <file>', 'add a line here for a restore that is forced')
      .option('--pre-restore-backup <file>', 'keep what is there before here, not in\nDB.pre-restore-TIME')
      .option('--no-pre-restore-backup', 'keep nothing of what is there')
      .option('--dry-run', 'check all that can be checked, replace nothing');
    declareOrphanFlag(command);
    declareBoundFlag(command);
  },

  async run(flags, { operands, output, env, signal }) {
    const file = fileOf(flags.from, operands[0]);
    const db = databaseOf(flags, env);
    const trust = await trustOf(flags, signal);
    const preRestoreBackup = await asidePath(flags.preRestoreBackup, db, new Date());
    await assertLogApart(flags, { file, db });
    if (flags.forceUnverified) await tellForced(flags, { file, db }, output);
    const restored = await restoreSnapshot({
      file,
      db,
      trust,
      preRestoreBackup,
      dryRun: flags.dryRun ?? false,
      busyTimeoutMs: flags.busyTimeout,
      maxBytes: flags.maxBytes,
      signal,
      onUnreadable: (failure, aside) => {
        output.warn(line`⚠️  ${failure.message} A restore replaces it; it is kept in ${aside}`);
      },
      onVerified: (snapshot) => {
        tellTrust(snapshot, output);
      },
      onOrphans: judgeOrphans(flags.allowOrphans ?? flags.forceUnverified ?? false, output),
      onTakenOver: warnOfTakenLock(db, output),
    });
    output.record(restoredRecord(file, restored));
    if (!output.json) for (const text of restoredLines(file, db, restored)) output.tell(text);
    return 0;
  },
};

function fileOf(from: string | undefined, operand: string | undefined): string {
  if (from !== undefined && operand !== undefined) {
    throw new MeshBackupError('USAGE', 'Name one snapshot: with --from or without, not both.');
  }
  const file = from ?? operand;
  if (file === undefined) throw new MeshBackupError('USAGE', 'Restore which snapshot? Name its file.');
  return file;
}

async function trustOf(flags: SnapshotRestoreFlags, signal: AbortSignal): Promise<Trust> {
  const strict = await readStrictTrust(flags, signal);
  if (!flags.forceUnverified) return strict ?? { kind: 'default' };
  return { kind: 'forced', ...(strict && { instead: strict }) };
}

/** A line added to one of these would damage it. Throws `USAGE`. */
async function assertLogApart(
  { auditLog, preRestoreBackup, trustedKeys }: SnapshotRestoreFlags,
  { file, db }: RestoreFiles,
): Promise<void> {
  const sides = sideFiles(db).map((path) => ({ name: 'what lies beside the database', path }));
  await assertApart(
    [{ name: '--audit-log', path: auditLog }],
    [
      { name: 'the snapshot', path: file },
      { name: 'the database', path: db },
      ...sides,
      { name: '--trusted-keys', path: trustedKeys },
      { name: '--pre-restore-backup', path: preRestoreBackup === false ? undefined : preRestoreBackup },
    ],
  );
}

/** Before anything else, whatever comes of it: nobody forces a restore without a word. */
async function tellForced(
  { auditLog, dryRun }: SnapshotRestoreFlags,
  { file, db }: RestoreFiles,
  output: Output,
): Promise<void> {
  output.warn(line`⚠️  --force-unverified: neither the signature nor the checksums of ${file} count`);
  if (auditLog === undefined) return;
  const at = new Date().toISOString();
  // Whoever reads the log is in another folder.
  const what = { file: resolve(file), db: resolve(db), dryRun: dryRun ?? false };
  await appendAuditLine(auditLog, { type: 'forced restore', at, ...what });
}

function tellTrust({ trust, manifest }: VerifiedSnapshot, output: Output): void {
  if (trust.by === 'nothing') {
    output.warn(
      trust.failure === undefined
        ? line`⚠️  It verifies: this restore need not be forced`
        : line`⚠️  It does not verify: ${trust.failure.message} (${trust.failure.code.toLowerCase()})`,
    );
  }
  if (trust.by === 'own-word') {
    output.warn(
      line`⚠️  Signed with ${manifest.signerKey}, which nobody vouches for: name the keys that you trust with --trusted-keys`,
    );
  }
}
