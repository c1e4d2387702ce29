import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshBackupError } from '../errors.ts';
import { databaseTarget } from '../sqlite/database-file.ts';
import type { SqliteDatabase } from '../sqlite/load-sqlite.ts';
import { assertReplaceable, replaceDatabase, type ReplacedDatabase } from '../sqlite/replace-database.ts';
import { assertDifferent } from '../sqlite/same-file.ts';
import { assertSoundCopy } from '../sqlite/sound-copy.ts';
import type { OrphanObserver } from '../sqlite/soundness.ts';
import { DATABASE_NAME } from './format.ts';
import { readLocalNode, withOwnKey, type LocalNode } from './local-node.ts';
import { Snapshot, type SnapshotSettings, type VerifiedSnapshot } from './snapshot.ts';
import { Staging } from './staging.ts';
import { assertStigmem, readNode, type StigmemNode } from './stigmem-database.ts';
import type { Trust } from './trust.ts';

export interface RestoreSnapshotOptions extends SnapshotSettings {
  readonly file: string;
  /** The database to replace, or where to put one. */
  readonly db: string;
  readonly trust: Trust;
  /** Where the old database is copied to first; nothing may be there. `undefined`: nowhere. */
  readonly preRestoreBackup: string | undefined;
  /** Checks all that can be checked and changes nothing. */
  readonly dryRun: boolean;
  readonly busyTimeoutMs: number;
  /** Told before anything is replaced that what is there is no node's database. Without a copy aside that is an error. */
  readonly onUnreadable?: ((failure: MeshBackupError, aside: string) => void) | undefined;
  /** Told of rows in the snapshot's database that refer to nothing. Not given: it is refused, `DATABASE_DAMAGED`. */
  readonly onOrphans?: OrphanObserver | undefined;
  /** Told what the snapshot is before anything is replaced: time to warn. */
  readonly onVerified?: ((snapshot: VerifiedSnapshot) => void) | undefined;
  /** Told when the copy aside is durable, before the old database is replaced. */
  readonly onAside?: ReplaceObserver | undefined;
  /** Told who held a lock before, if that is gone. */
  readonly onTakenOver?: ((holder: string) => void) | undefined;
}

type ReplaceObserver = NonNullable<Parameters<typeof replaceDatabase>[2]['onAside']>;

export interface RestoredSnapshot {
  readonly snapshot: VerifiedSnapshot;
  /** `undefined` in a dry run. */
  readonly replaced: ReplacedDatabase | undefined;
  /** What the database was before. */
  readonly before: LocalNode;
  /** What it is now. */
  readonly node: StigmemNode;
  /** Applied to the old database and not to this one: the node applies these again when it starts. */
  readonly lostMigrations: readonly string[];
}

/**
 * Verifies a snapshot, unpacks it beside the database, checks what was unpacked and puts it in the database's place, as
 * `replaceDatabase` does: the old or the new one is there, whole, whenever it is stopped.
 * Throws as `Snapshot`, `readLocalNode` and `replaceDatabase` do, what is wrong with a database that is there where no copy is kept, and `SAME_FILE`, `DATABASE_SYSTEM`, `DATABASE_SCHEMA` (the
 * snapshot's), `MANIFEST_INVALID` where it is of another node than its manifest says (not if forced), `LOCKED`.
 */
export async function restoreSnapshot(options: RestoreSnapshotOptions): Promise<RestoredSnapshot> {
  const { signal, busyTimeoutMs, onTakenOver } = options;
  signal.throwIfAborted();
  const path = await databaseTarget(options.db);
  // Where there is no such file, opening it says so.
  await assertDifferent(path, await realpath(options.file).catch(() => options.file));
  const before = await readLocalNode(path, { busyTimeoutMs, signal });
  if (before.kind === 'unreadable') {
    // It may be any file of theirs, or a database that only its key opens.
    if (options.preRestoreBackup === undefined) throw notKept(before.failure);
    options.onUnreadable?.(before.failure, options.preRestoreBackup);
  }
  const snapshot = await Snapshot.open(options.file, options);
  try {
    const verified = await snapshot.verify(withOwnKey(options.trust, before));
    options.onVerified?.(verified);
    const staging = await Staging.make(dirname(path), 'restore', path, onTakenOver);
    try {
      const { database } = await snapshot.unpack(staging.file('unpacked'));
      const { node, replaced } = await replace(path, database, verified, options);
      return { snapshot: verified, replaced, before, node, lostMigrations: lostMigrations(before, node) };
    } finally {
      await staging.remove();
    }
  } finally {
    await snapshot.close();
  }
}

function notKept({ code, message, cause }: MeshBackupError): MeshBackupError {
  return new MeshBackupError(code, message, {
    cause,
    hint: 'It is not replaced where no copy of it is kept: have one kept, or move it away yourself.',
  });
}

async function replace(
  path: string,
  database: string,
  verified: VerifiedSnapshot,
  options: RestoreSnapshotOptions,
): Promise<{ node: StigmemNode; replaced: ReplacedDatabase | undefined }> {
  const { preRestoreBackup: aside, busyTimeoutMs, signal, onOrphans, onAside, onTakenOver } = options;
  let node: StigmemNode | undefined;
  const name = `The database in ${options.file}`;
  const check = (db: SqliteDatabase): void => {
    assertStigmem(db, name);
    node = readNode(db);
    assertSameNode(node, verified);
  };
  let replaced: ReplacedDatabase | undefined;
  if (options.dryRun) {
    await assertSoundCopy(database, name, { signal, check, onOrphans });
    await assertReplaceable(path, database, { aside });
  } else {
    replaced = await replaceDatabase(path, database, {
      name,
      aside,
      busyTimeoutMs,
      signal,
      check,
      onOrphans,
      sha256: verified.artifacts[DATABASE_NAME].sha256,
      ...(onAside && { onAside }),
      ...(onTakenOver && { onTakenOver }),
    });
  }
  return { node: node!, replaced };
}

/** A node gets its ID when it first needs one: either side may have none. */
function assertSameNode({ nodeId }: StigmemNode, { manifest, trust }: VerifiedSnapshot): void {
  if (trust.by === 'nothing' || nodeId === '' || manifest.nodeId === '' || nodeId === manifest.nodeId) return;
  throw new MeshBackupError(
    'MANIFEST_INVALID',
    `The manifest says ${manifest.nodeId}, but the database in it is that of ${nodeId}.`,
    { hint: 'Whoever signed it put them together. Nothing was restored.' },
  );
}

function lostMigrations(before: LocalNode, { migrations }: StigmemNode): string[] {
  if (before.kind !== 'node') return [];
  const applied = new Set(migrations);
  return before.node.migrations.filter((migration) => !applied.has(migration));
}
