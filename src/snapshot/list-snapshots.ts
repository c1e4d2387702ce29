import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshBackupError, type ErrorCode } from '../errors.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { readLocalNode, withOwnKey } from './local-node.ts';
import { verifyFile, type SnapshotSettings, type VerifiedSnapshot } from './snapshot.ts';
import { SNAPSHOT_PREFIX } from './format.ts';
import type { Trust } from './trust.ts';

export interface ListSnapshotsOptions extends SnapshotSettings {
  readonly folder: string;
  readonly trust: Trust;
  readonly db?: string | undefined;
  readonly busyTimeoutMs: number;
}

export interface ListedFile {
  readonly name: string;
  /** `other`: by name and content it is something else's archive. */
  readonly kind: 'good' | 'bad' | 'other';
  readonly bytes: number;
  /** When it was created, as a good one says, or else when the file was written. Milliseconds since 1970. */
  readonly timeMs: number;
  /** Of a good one. */
  readonly snapshot: VerifiedSnapshot | undefined;
  /** Of all else. */
  readonly failure: MeshBackupError | undefined;
}

/** What other archives fail with, too. */
const NO_SNAPSHOT = new Set<ErrorCode>([
  'SNAPSHOT_FORMAT',
  'NO_MANIFEST',
  'EXTRA_FILE',
  'UNSAFE_NAME',
  'NOT_A_FILE',
  'DUPLICATE_FILE',
]);

/**
 * Verifies every `*.tar.gz` of a folder, one after the other; the newest first. What is wrong with one of them is told
 * there. Throws `FILE_UNREADABLE` (the folder), with `db` as `readLocalNode` does, and the signal's reason.
 */
export async function listSnapshots(options: ListSnapshotsOptions): Promise<ListedFile[]> {
  const { folder, db } = options;
  const local = db === undefined ? ({ kind: 'missing' } as const) : await readLocalNode(db, options);
  const trust = withOwnKey(options.trust, local);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const files: ListedFile[] = [];
  for (const name of names.filter((one) => one.endsWith('.tar.gz'))) {
    files.push(await judge(join(folder, name), name, trust, options));
  }
  return files.sort((a, b) => b.timeMs - a.timeMs || (a.name < b.name ? -1 : 1));
}

async function judge(
  path: string,
  name: string,
  trust: Trust,
  settings: SnapshotSettings,
): Promise<ListedFile> {
  const found = await stat(path).catch(() => undefined);
  const bytes = found?.size ?? 0;
  try {
    const snapshot = await verifyFile(path, trust, settings);
    const timeMs = Date.parse(snapshot.manifest.createdAt);
    return { name, kind: 'good', bytes: snapshot.bytes, timeMs, snapshot, failure: undefined };
  } catch (error) {
    settings.signal.throwIfAborted();
    if (!(error instanceof MeshBackupError)) throw error;
    const kind = NO_SNAPSHOT.has(error.code) && !name.startsWith(SNAPSHOT_PREFIX) ? 'other' : 'bad';
    return { name, kind, bytes, timeMs: found?.mtimeMs ?? 0, snapshot: undefined, failure: error };
  }
}
