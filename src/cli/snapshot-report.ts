import type { MeshBackupError } from '../errors.ts';
import type { VerifiedSnapshot } from '../snapshot/snapshot.ts';
import type { JsonRecord } from './output.ts';

/** What a look at a snapshot's file came to. */
export interface SnapshotOutcome {
  readonly file: string;
  readonly verified?: VerifiedSnapshot | undefined;
  readonly error?: MeshBackupError | undefined;
}

/** The verdict as the node's documentation has it; failures go by their codes in small letters. */
export function verdictText({ verified, error }: SnapshotOutcome): string {
  if (verified === undefined) return `FAILED: ${(error?.code ?? '').toLowerCase()}`;
  const { nodeId, signerKey } = verified.manifest;
  return `OK: sha256 checksums valid, signature verified (key: ${nodeId === '' ? signerKey : nodeId})`;
}

export function snapshotRecord({ file, verified, error }: SnapshotOutcome): JsonRecord {
  if (verified === undefined) {
    const { code, message, hint } = error!;
    return { type: 'snapshot', file, ok: false, code, failure: code.toLowerCase(), message, hint };
  }
  const { manifest, trust, bytes, sha256, artifacts, migrations } = verified;
  const { createdAt, nodeId, signerKey } = manifest;
  return {
    type: 'snapshot',
    file,
    ok: true,
    createdAt,
    nodeId,
    signerKey,
    trustedBy: trust.by,
    bytes,
    sha256,
    artifacts,
    migrations: migrations?.length,
  };
}
