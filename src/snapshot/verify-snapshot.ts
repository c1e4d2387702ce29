import { readLocalNode, withOwnKey } from './local-node.ts';
import { verifyFile, type SnapshotSettings, type VerifiedSnapshot } from './snapshot.ts';
import type { Trust } from './trust.ts';

export interface VerifySnapshotOptions extends SnapshotSettings {
  readonly file: string;
  readonly trust: Trust;
  /** The local node's database: whether the snapshot is signed with its key is told. Not there is as good as not given. */
  readonly db?: string | undefined;
  readonly busyTimeoutMs: number;
}

/** Verifies a snapshot and writes nothing. Throws as `Snapshot` does, and with `db` as `readLocalNode` does. */
export async function verifySnapshot(options: VerifySnapshotOptions): Promise<VerifiedSnapshot> {
  const { file, trust, db } = options;
  const local = db === undefined ? ({ kind: 'missing' } as const) : await readLocalNode(db, options);
  return verifyFile(file, withOwnKey(trust, local), options);
}
