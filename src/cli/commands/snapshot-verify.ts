import { MeshBackupError, type ExitStatus } from '../../errors.ts';
import { verifyFile, type SnapshotSettings } from '../../snapshot/snapshot.ts';
import type { Trust } from '../../snapshot/trust.ts';
import type { CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import type { Output } from '../output.ts';
import {
  declareBoundFlag,
  declareTrustFlags,
  readStrictTrust,
  type BoundFlags,
  type TrustFlags,
} from '../snapshot-flags.ts';
import { snapshotRecord, verdictText, type SnapshotOutcome } from '../snapshot-report.ts';

type SnapshotVerifyFlags = TrustFlags & BoundFlags;

export const snapshotVerify: CommandModule<SnapshotVerifyFlags> = {
  name: 'snapshot verify',
  summary: 'whether snapshots are whole, and who signed them',
  jsonTo: 'stdout',
  examples: ['FILE.tar.gz', '--trusted-keys keys.json stigmem-snapshot-*.tar.gz'],

  declare(command) {
    command
      .argument('[file...]', 'snapshots')
      .description(
        'Checks the signature and the checksums of snapshots, and that they hold what a\n' +
          'snapshot holds and nothing else. Nothing is unpacked.',
      );
    declareTrustFlags(command);
    declareBoundFlag(command);
  },

  async run(flags, context) {
    const { operands, output, signal } = context;
    if (operands.length === 0) return context.showHelp();
    const trust: Trust = (await readStrictTrust(flags, signal)) ?? { kind: 'default' };
    const settings = { maxBytes: flags.maxBytes, signal };
    let exitStatus: ExitStatus = 0;
    for (const file of operands) {
      const outcome = await look(file, trust, settings);
      if (exitStatus === 0) exitStatus = outcome.error?.exitStatus ?? 0;
      await tell(outcome, operands.length > 1, output);
    }
    output.record({ type: 'summary', exitStatus, snapshots: operands.length });
    return exitStatus;
  },
};

async function look(file: string, trust: Trust, settings: SnapshotSettings): Promise<SnapshotOutcome> {
  try {
    return { file, verified: await verifyFile(file, trust, settings) };
  } catch (error) {
    settings.signal.throwIfAborted();
    if (!(error instanceof MeshBackupError)) throw error;
    return { file, error };
  }
}

async function tell(outcome: SnapshotOutcome, isNamed: boolean, output: Output): Promise<void> {
  const { file, verified, error } = outcome;
  output.record(snapshotRecord(outcome));
  if (output.json) return;
  const verdict = verdictText(outcome);
  await output.print(isNamed ? line`${file}: ${verdict}` : line`${verdict}`);
  if (error !== undefined) output.fail(isNamed ? namedError(file, error) : error);
  if (verified?.trust.by === 'own-word' && (output.isTerminal || output.verbose)) {
    output.tell(line`   signed with ${verified.manifest.signerKey}: whose that is, --trusted-keys would say`);
  }
}

/** stdout may be elsewhere: of several files, which one it is. */
function namedError(file: string, { code, message, hint }: MeshBackupError): MeshBackupError {
  return new MeshBackupError(code, `${file}: ${message}`, hint === undefined ? {} : { hint });
}
