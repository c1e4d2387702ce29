import { stat } from 'node:fs/promises';
import { MeshBackupError } from '../../errors.ts';
import { createSnapshot, type CreatedSnapshot } from '../../snapshot/create-snapshot.ts';
import type { CommandModule } from '../command-module.ts';
import { startCopyProgress } from '../copy-progress.ts';
import { line, type Line } from '../line.ts';
import { declareOrphanFlag, judgeOrphans, type OrphanFlags } from '../orphans.ts';
import {
  databaseOf,
  DATABASE_ENVIRONMENT,
  declareDatabaseFlags,
  readSigner,
  SIGNING_ENVIRONMENT,
  type DatabaseFlags,
} from '../snapshot-flags.ts';
import { snapshotRecord } from '../snapshot-report.ts';
import { warnOfTakenLock } from '../taken-lock.ts';

interface SnapshotCreateFlags extends DatabaseFlags, OrphanFlags {
  readonly out?: string;
  readonly signWith?: string;
}

const SIGNERS: Readonly<Record<CreatedSnapshot['signedWith'], Line>> = {
  given: line`the key that was given`,
  node: line`the node's own federation key`,
  made: line`a key made for it alone: it proves that the file is whole, and not whose it is`,
};

export const snapshotCreate: CommandModule<SnapshotCreateFlags> = {
  name: 'snapshot create',
  summary: "copy a node's database while it runs, and sign the copy",
  jsonTo: 'stdout',
  examples: ['--db stigmem.db --sign-with snapshot.key', '--db stigmem.db --out /var/backups/stigmem'],
  environment: { ...DATABASE_ENVIRONMENT, ...SIGNING_ENVIRONMENT },

  declare(command) {
    command.description(
      "Copies a node's database as it is at one moment, checks the copy, and makes a\n" +
        "signed snapshot of it, which the node's own tool restores, too.",
    );
    declareDatabaseFlags(command);
    command
      .option(
        '--out <path>',
        'the file, or the folder that it gets a name of its\nown in (default: this folder)',
      )
      .option('--sign-with <file>', "a key as keygen makes it; without, the node's own");
    declareOrphanFlag(command);
  },

  async run(flags, { output, env, signal }) {
    const signingKey = await readSigner(flags.signWith, env);
    const db = databaseOf(flags, env);
    const out = await outOf(flags.out ?? '.');
    const progress = startCopyProgress(output);
    let created: CreatedSnapshot;
    try {
      created = await createSnapshot({
        db,
        out,
        mayReplace: false,
        signingKey,
        busyTimeoutMs: flags.busyTimeout,
        signal,
        onProgress: progress.onProgress,
        onOrphans: judgeOrphans(flags.allowOrphans ?? false, output),
        onTakenOver: warnOfTakenLock(db, output),
      });
    } finally {
      progress.stop();
    }
    const { file, signedWith, snapshot } = created;
    // By whom it is trusted is for others to say.
    output.record({ ...snapshotRecord({ file, verified: snapshot }), trustedBy: undefined, signedWith });
    output.record({ type: 'summary', exitStatus: 0, file });
    if (output.json) return 0;
    await output.print(line`snapshot created: ${file}`);
    const signer = line`${SIGNERS[signedWith]} (${snapshot.manifest.signerKey})`;
    if (signedWith === 'made') output.warn(line`⚠️  Signed with ${signer}`);
    else output.detail(line`   signed with ${signer}`);
    return 0;
  },
};

/** A folder that is there, or a file. Throws `USAGE`. */
async function outOf(path: string): Promise<{ readonly folder: string } | { readonly file: string }> {
  if (path === '' || path === '-') {
    throw new MeshBackupError('USAGE', '--out takes the name of a file or a folder, not stdout.');
  }
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true || path.endsWith('/') ? { folder: path } : { file: path };
}
