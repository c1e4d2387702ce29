import { MeshBackupError } from '../../errors.ts';
import { listSnapshots } from '../../snapshot/list-snapshots.ts';
import type { CommandModule } from '../command-module.ts';
import { line } from '../line.ts';
import {
  declareBoundFlag,
  declareTrustFlags,
  readStrictTrust,
  type BoundFlags,
  type TrustFlags,
} from '../snapshot-flags.ts';
import { listedRecord, listedTable } from '../snapshot-table.ts';

export const snapshotList: CommandModule<TrustFlags & BoundFlags> = {
  name: 'snapshot list',
  summary: 'the snapshots in a folder, each checked',
  jsonTo: 'stdout',
  examples: ['/var/backups/stigmem', '--trusted-keys trusted-keys.json .'],

  declare(command) {
    command
      .argument('<dir>', 'a folder with snapshots')
      .description(
        'Checks all snapshots of a folder and shows them, newest first, by the time that\nwas signed.',
      );
    declareTrustFlags(command);
    declareBoundFlag(command);
  },

  async run(flags, { operands, output, signal }) {
    const [folder = ''] = operands;
    const trust = (await readStrictTrust(flags, signal)) ?? ({ kind: 'default' } as const);
    const files = await listSnapshots({ folder, trust, maxBytes: flags.maxBytes, busyTimeoutMs: 0, signal });
    const bad = files.filter(({ kind }) => kind === 'bad').length;
    const snapshots = files.filter(({ kind }) => kind !== 'other').length;
    for (const file of files) output.record(listedRecord(file));
    if (!output.json) {
      const { isTTY = false, columns = Infinity } = output.stdout;
      for (const text of listedTable(files, isTTY ? columns : Infinity)) await output.print(text);
      if (snapshots === 0) output.tell(line`No snapshots in ${folder}`);
    }
    const failure =
      bad === 0
        ? undefined
        : new MeshBackupError('NOT_VERIFIED', `Of ${snapshots} snapshots, ${bad} do not verify.`);
    if (failure !== undefined) output.fail(failure);
    const exitStatus = failure?.exitStatus ?? 0;
    output.record({ type: 'summary', exitStatus, snapshots, bad });
    return exitStatus;
  },
};
