import { basename, join } from 'node:path';
import type { SigningKey } from '../keys/signing-key.ts';
import { createSnapshot } from '../snapshot/create-snapshot.ts';
import { DATABASE_NAME } from '../snapshot/format.ts';
import { restoreSnapshot } from '../snapshot/restore-snapshot.ts';
import type { DrilledSystem } from './drilled-system.ts';

export interface StigmemDrill {
  readonly signingKey: SigningKey | undefined;
  readonly busyTimeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** A node's snapshots, as `snapshot create` and `snapshot restore` make and restore them: only by the key that signed. */
export function stigmemSystem({ signingKey, busyTimeoutMs, maxBytes, signal }: StigmemDrill): DrilledSystem {
  let folder = '';
  let signer = '';
  return {
    name: 'stigmem',
    environment: (dbPath) => ({ STIGMEM_DB_PATH: dbPath }),
    backUp: async (dbPath, into) => {
      folder = into;
      const { file, snapshot } = await createSnapshot({
        db: dbPath,
        out: { folder: into },
        mayReplace: false,
        signingKey,
        busyTimeoutMs,
        signal,
      });
      signer = snapshot.manifest.signerKey;
      const { sha256: databaseSha256 } = snapshot.artifacts[DATABASE_NAME];
      return { file: basename(file), bytes: snapshot.bytes, databaseSha256 };
    },
    restore: async ({ file }, dbPath, aside) => {
      await restoreSnapshot({
        file: join(folder, file),
        db: dbPath,
        trust: { kind: 'strict', keys: [signer] },
        preRestoreBackup: aside,
        dryRun: false,
        busyTimeoutMs,
        maxBytes,
        signal,
      });
    },
  };
}
