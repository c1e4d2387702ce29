import { MeshBackupError, type ErrorCode } from '../errors.ts';
import { readFileState } from '../jsonl/file-state.ts';
import { unreadable } from '../jsonl/storage-failure.ts';
import { withDatabase } from '../sqlite/open-database.ts';
import type { Patience } from '../sqlite/until-free.ts';
import { assertStigmem, readNode, type StigmemNode } from './stigmem-database.ts';
import type { JudgedTrust, Trust } from './trust.ts';

/** The database that a snapshot is held against, or restored over. */
export type LocalNode =
  | { readonly kind: 'node'; readonly node: StigmemNode }
  | { readonly kind: 'missing' }
  /** No database any more, or a node that never started: it can be restored over, and tells nothing. */
  | { readonly kind: 'unreadable'; readonly failure: MeshBackupError };

const LOST = new Set<ErrorCode>(['DATABASE_FORMAT', 'DATABASE_DAMAGED', 'DATABASE_SCHEMA']);

/** Throws `DATABASE_SYSTEM`: what belongs to another system is not ours to replace; `DATABASE_BUSY`, `FILE_UNREADABLE`, `SQLITE_MISSING`. */
export async function readLocalNode(path: string, patience: Patience): Promise<LocalNode> {
  try {
    if ((await readFileState(path)) === undefined) return { kind: 'missing' };
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const node = await withDatabase(path, { ...patience, mode: 'read' }, (db) => {
      assertStigmem(db, path);
      return readNode(db);
    });
    return { kind: 'node', node };
  } catch (error) {
    if (error instanceof MeshBackupError && LOST.has(error.code))
      return { kind: 'unreadable', failure: error };
    throw error;
  }
}

/** With the local node's own key where nobody else's was named. */
export function withOwnKey(trust: Trust, local: LocalNode): Trust {
  if (trust.kind === 'strict') return trust;
  if (trust.kind === 'forced') {
    return { kind: 'forced', instead: named(trust.instead ?? { kind: 'default' }, local) };
  }
  return named(trust, local);
}

function named(trust: JudgedTrust, local: LocalNode): JudgedTrust {
  if (trust.kind === 'strict' || trust.ownKey !== undefined || local.kind !== 'node') return trust;
  return { kind: 'default', ownKey: local.node.federationKey };
}
