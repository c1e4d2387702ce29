import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { openTarget } from '../jsonl/target.ts';
import { unlessMissing, unwritable } from '../jsonl/storage-failure.ts';
import { backUpDatabase } from '../sqlite/back-up-database.ts';
import { existingDatabase } from '../sqlite/database-file.ts';
import { withDatabase } from '../sqlite/open-database.ts';
import type { PagesDone } from '../sqlite/copy-pages.ts';
import type { OrphanObserver } from '../sqlite/soundness.ts';
import { finishFile, fileExists, putInPlace } from '../sqlite/put-in-place.ts';
import { assertDifferent } from '../sqlite/same-file.ts';
import { SNAPSHOT_PREFIX } from './format.ts';
import { makeCursor } from './cursor.ts';
import { MAX_NODE_ID_CHARACTERS } from './manifest.ts';
import { MeshBackupError } from '../errors.ts';
import { makeManifest } from './make-manifest.ts';
import { newSigningKey, parseSigningKey, type SigningKey } from '../keys/signing-key.ts';
import { verifyFile, type VerifiedSnapshot } from './snapshot.ts';
import { Staging } from './staging.ts';
import { assertStigmem, readFederationSeed, readNode, type StigmemNode } from './stigmem-database.ts';
import { writeArchive } from './write-archive.ts';

export interface CreateSnapshotOptions {
  readonly db: string;
  /** The file to write, or a folder that it gets a name of its own in. */
  readonly out: { readonly file: string } | { readonly folder: string };
  /** Whether a file that is there may go; else it is `FILE_EXISTS`. */
  readonly mayReplace: boolean;
  /** Not given: the node's own federation key, or one that is made and kept nowhere. */
  readonly signingKey?: SigningKey | undefined;
  readonly busyTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Of the copy of the database, between steps. */
  readonly onProgress?: ((done: PagesDone) => void) | undefined;
  /** Told of rows that refer to nothing. Not given: such a database is refused, `DATABASE_DAMAGED`. */
  readonly onOrphans?: OrphanObserver | undefined;
  /** Told who held a lock before, if that is gone. */
  readonly onTakenOver?: ((holder: string) => void) | undefined;
  /** Microseconds since 1970; for tests. */
  readonly nowUs?: () => bigint;
}

export interface CreatedSnapshot {
  /** Links resolved. */
  readonly file: string;
  readonly signedWith: 'given' | 'node' | 'made';
  /** As it was read back before it got its name. */
  readonly snapshot: VerifiedSnapshot;
  readonly node: StigmemNode;
}

/**
 * Makes a snapshot of a node's database, also while the node runs. The file gets its name when it is whole, durable and
 * was read back; until then nothing is there, and what was there stays.
 * Throws as `backUpDatabase` does, and `DATABASE_SYSTEM`, `DATABASE_SCHEMA`, `KEY_FILE` (the node's own key cannot be
 * used), `SAME_FILE`, `FILE_EXISTS`, `LOCKED`, `FILE_UNWRITABLE`, `NO_ROOM`, and the signal's reason.
 */
export async function createSnapshot(options: CreateSnapshotOptions): Promise<CreatedSnapshot> {
  const { signal, mayReplace, nowUs = wallClockUs } = options;
  signal.throwIfAborted();
  const source = await existingDatabase(options.db);
  const target = await findTarget(options.out);
  if (target.file !== undefined) {
    await assertDifferent(source, target.file);
    if (!mayReplace) await assertFree(target.file);
  }
  const staging = await Staging.make(target.folder, 'create', source, options.onTakenOver);
  try {
    const createdAtUs = nowUs();
    const copy = staging.file('stigmem.db');
    const { bytes, sha256 } = await backUpDatabase(source, copy, {
      ...backUpSettings(options),
      over: 'refuse',
    });
    const { node, seed } = await withDatabase(copy, { mode: 'read', busyTimeoutMs: 0, signal }, (db) => {
      assertStigmem(db, options.db);
      const found = readNode(db);
      assertNodeId(found, options.db);
      return { node: found, seed: readFederationSeed(db) };
    });
    const { signer, signedWith } = chooseSigner(options, seed);
    const cursor = makeCursor(node.migrations);
    const manifest = makeManifest(
      { createdAtUs, nodeId: node.nodeId, databaseSha256: sha256, cursorSha256: sha256Of(cursor) },
      signer,
    );
    const draft = staging.file('snapshot.tar.gz');
    const mtime = new Date(Number(createdAtUs / 1_000_000n) * 1000);
    await writeArchive(draft, { manifest, cursor, database: { path: copy, size: bytes }, mtime }, signal);
    // Nobody is told of a snapshot that could not be restored.
    const trust = { kind: 'strict', keys: [signer.publicKey] } as const;
    const snapshot = await verifyFile(draft, trust, { maxBytes: Infinity, signal });
    const file = target.file ?? join(target.folder, snapshotName(createdAtUs, sha256));
    await finishFile(draft, file);
    signal.throwIfAborted();
    await putInPlace(draft, file, mayReplace ? 'replace' : 'refuse');
    return { file, signedWith, snapshot, node };
  } finally {
    await staging.remove();
  }
}

/** Cut, it would be another node's. */
function assertNodeId({ nodeId }: StigmemNode, db: string): void {
  if (nodeId.length <= MAX_NODE_ID_CHARACTERS) return;
  throw new MeshBackupError('DATABASE_SCHEMA', `The node's ID in ${db} is too long for a snapshot.`);
}

function snapshotName(createdAtUs: bigint, databaseSha256: string): string {
  const time = new Date(Number(createdAtUs / 1000n)).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `${SNAPSHOT_PREFIX}${time}Z-${databaseSha256.slice(0, 12)}.tar.gz`;
}

function chooseSigner(
  { db, signingKey }: CreateSnapshotOptions,
  seed: string | undefined,
): { signer: SigningKey; signedWith: CreatedSnapshot['signedWith'] } {
  if (signingKey !== undefined) return { signer: signingKey, signedWith: 'given' };
  if (seed === undefined) return { signer: newSigningKey(), signedWith: 'made' };
  return { signer: parseSigningKey(seed, `node_meta of ${db}`), signedWith: 'node' };
}

async function findTarget(out: CreateSnapshotOptions['out']): Promise<{ folder: string; file?: string }> {
  try {
    if ('folder' in out) return { folder: await realpath(out.folder) };
    // Before `openTarget`, which would wait for the reader of a FIFO.
    if ((await unlessMissing(stat(out.file)))?.isFile() === false)
      throw new Error('what is there is no file');
    const target = await openTarget(out.file);
    if (target.kind === 'file') return { folder: dirname(target.path), file: target.path };
    await target.close();
    throw new Error('a snapshot needs a file');
  } catch (cause) {
    throw unwritable('folder' in out ? out.folder : out.file, cause);
  }
}

/** Before the work: `putInPlace` looks again. */
async function assertFree(file: string): Promise<void> {
  if (await unlessMissing(stat(file))) throw fileExists(file);
}

function backUpSettings({
  busyTimeoutMs,
  signal,
  onProgress,
  onOrphans,
}: CreateSnapshotOptions): Pick<
  CreateSnapshotOptions,
  'busyTimeoutMs' | 'signal' | 'onProgress' | 'onOrphans'
> {
  return { busyTimeoutMs, signal, onProgress, onOrphans };
}

function wallClockUs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
