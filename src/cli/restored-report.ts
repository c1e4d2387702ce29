import type { RestoredSnapshot } from '../snapshot/restore-snapshot.ts';
import { line, styled, type Line } from './line.ts';
import type { JsonRecord } from './output.ts';

export function restoredRecord(file: string, restored: RestoredSnapshot): JsonRecord {
  const { snapshot, replaced, before, node, lostMigrations } = restored;
  const { trust, manifest } = snapshot;
  return {
    type: 'summary',
    exitStatus: 0,
    file,
    createdAt: manifest.createdAt,
    signerKey: manifest.signerKey,
    trustedBy: trust.by,
    failure: trust.by === 'nothing' ? (trust.failure?.code.toLowerCase() ?? null) : undefined,
    db: replaced?.path ?? null,
    preRestoreBackup: replaced?.aside ?? null,
    nodeId: node.nodeId,
    nodeIdBefore: before.kind === 'node' ? before.node.nodeId : null,
    migrationsToApply: lostMigrations,
    peers: node.peers,
  };
}

/** What was done, and what is left to do. Source: specification, "The runbook's restore". */
export function restoredLines(file: string, db: string, restored: RestoredSnapshot): Line[] {
  const { snapshot, replaced, before, node, lostMigrations } = restored;
  const made = line`the snapshot of ${snapshot.manifest.createdAt}`;
  if (replaced === undefined)
    return [line`${file} could be restored: ${made} (dry run: nothing was changed)`];
  const lines = [line`✅ ${replaced.path} is the database of ${made}`];
  if (replaced.aside !== undefined) {
    lines.push(
      line`   What was there is in ${replaced.aside}${replaced.asideKind === 'raw' ? ' and what lies beside it: it is no sound database' : ''}`,
    );
  }
  if (before.kind === 'node' && before.node.nodeId !== node.nodeId) {
    lines.push(
      styled(
        'yellow',
        line`   The node is ${node.nodeId || 'without an ID'} now; it was ${before.node.nodeId || 'without one'}`,
      ),
    );
  }
  lines.push(line`   To do: start the node`);
  if (lostMigrations.length > 0) {
    const some = lostMigrations.slice(0, MAX_NAMED).join(', ');
    const more = lostMigrations.length > MAX_NAMED ? ', …' : '';
    lines.push(
      line`   It will apply ${lostMigrations.length} migrations that the snapshot does not have: ${some}${more}`,
    );
  }
  if (node.peers > 0) {
    lines.push(line`   It federates (${node.peers} peers): see that no cursor is ahead of it, with`);
    lines.push(line`     stigmem federation cursor-export --db ${db}`);
  }
  return lines;
}

const MAX_NAMED = 5;
