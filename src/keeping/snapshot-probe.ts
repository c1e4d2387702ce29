import { MeshBackupError } from '../errors.ts';
import { readArchive } from '../snapshot/archive.ts';
import { MANIFEST_NAME, MAX_MANIFEST_BYTES } from '../snapshot/format.ts';
import { parseManifest, type Manifest } from '../snapshot/manifest.ts';
import { openInput } from '../snapshot/open-input.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import type { Candidate, NoBackup, Probe, ProbeContext, Probed } from './probe.ts';

/** Only time is lost by what unpacks to more than anybody has: nothing is written. */
const MAX_BYTES = 2 ** 40;
/** Of what says that a snapshot is not what was signed, or not by whom it should be. */
const FLAW_STATUSES = new Set([12, 13]);

export interface SnapshotProbeOptions {
  /** Base64url; snapshots signed with other keys do not verify. `undefined`: anybody's signature will do. */
  readonly trustedKeys?: readonly string[];
}

/**
 * Looks at signed snapshots: signature, key and checksums. The series is the node's ID and the key, the time
 * `created_at`; all of them are under the signature. Of one that does not verify they are claims, and a tar without a manifest is
 * no snapshot.
 */
export class SnapshotProbe implements Probe {
  readonly kind = 'snapshot';
  readonly #trustedKeys: readonly string[] | undefined;

  constructor({ trustedKeys }: SnapshotProbeOptions = {}) {
    this.#trustedKeys = trustedKeys;
  }

  async probe({ path }: Candidate, { signal }: ProbeContext): Promise<Probed | NoBackup> {
    const keys = this.#trustedKeys;
    const snapshot = await Snapshot.open(path, { maxBytes: MAX_BYTES, signal });
    try {
      const { manifest } = await snapshot.verify(
        keys === undefined ? { kind: 'default' } : { kind: 'strict', keys },
      );
      return { ...claims(manifest), flaws: [] };
    } catch (error) {
      signal.throwIfAborted();
      if (!isFlaw(error)) throw error;
      const claimed = await readManifest(path, signal);
      if (claimed === undefined) return { reason: 'a tar without the manifest of a snapshot' };
      return { series: claims(claimed).series, time: undefined, flaws: [error.message] };
    } finally {
      await snapshot.close();
    }
  }
}

function isFlaw(error: unknown): error is MeshBackupError {
  return (
    error instanceof MeshBackupError &&
    error.code !== 'SNAPSHOT_TOO_LARGE' &&
    FLAW_STATUSES.has(error.exitStatus)
  );
}

function claims({ nodeId, signerKey, createdAt }: Manifest): Pick<Probed, 'series' | 'time'> {
  return {
    series: `${nodeId} ${signerKey}`,
    time: { timeMs: Math.trunc(Date.parse(createdAt)), by: 'signature' },
  };
}

/** The manifest of a snapshot that does not verify, if it can be read at all. */
async function readManifest(path: string, signal: AbortSignal): Promise<Manifest | undefined> {
  const input = await openInput(path, signal);
  const parts: Buffer[] = [];
  let isManifest = false;
  let lacking = 0;
  try {
    for await (const part of readArchive(input, { maxBytes: MAX_BYTES })) {
      if (part.kind === 'file') {
        isManifest = part.name === MANIFEST_NAME;
        if (isManifest) lacking = part.size;
        if (lacking > MAX_MANIFEST_BYTES) return undefined;
      } else if (isManifest) {
        parts.push(part.bytes);
        lacking -= part.bytes.length;
        if (lacking === 0) break;
      }
    }
    return parts.length === 0 ? undefined : parseManifest(Buffer.concat(parts));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshBackupError) return undefined;
    throw error;
  } finally {
    await input.close();
  }
}
